"""The import path of embeddings for applications; the code is in `context_manager.embedding`."""

from context_manager.embedding.provider import EmbeddingProvider

__all__ = ["EmbeddingProvider"]

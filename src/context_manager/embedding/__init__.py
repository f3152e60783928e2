"""Texts to vectors: one seam, a default model in the package, and others by name.

Importing this loads no model and no runtime; those come with the first text.
"""

from context_manager.embedding.callable import CallableEmbedder
from context_manager.embedding.protocol import Embedder
from context_manager.embedding.provider import EmbeddingProvider, as_embedder, embedders

__all__ = ["CallableEmbedder", "Embedder", "EmbeddingProvider", "as_embedder", "embedders"]

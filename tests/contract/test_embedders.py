"""Every embedder that comes with the package keeps every promise of the protocol."""

from __future__ import annotations

import json

from context_manager.embedding import CallableEmbedder, Embedder, EmbeddingProvider
from context_manager.embedding.endpoint import openai_embedder
from context_manager.embedding.onnx import OnnxEmbedder
from context_manager.embedding.static import StaticEmbedder
from context_manager.embedding.transport import Answer
from context_manager.testing.embedder_contract import EmbedderContract
from context_manager.testing.embedders import HashEmbedder


class TestOnnxEmbedder(EmbedderContract):
    def make(self) -> Embedder:
        return OnnxEmbedder()


class TestStaticEmbedder(EmbedderContract):
    def make(self) -> Embedder:
        return StaticEmbedder()


class TestHashEmbedder(EmbedderContract):
    def make(self) -> Embedder:
        return HashEmbedder()


class TestCallableEmbedder(EmbedderContract):
    def make(self) -> Embedder:
        return CallableEmbedder(lambda texts: HashEmbedder(32).embed(texts).tolist())


class TestProvider(EmbedderContract):
    def make(self) -> Embedder:
        return EmbeddingProvider("static")


class TestProviderWithoutCache(EmbedderContract):
    def make(self) -> Embedder:
        return EmbeddingProvider("static", cache_size=0)


class TestEndpoint(EmbedderContract):
    """The server is a function that answers as OpenAI does, in reverse order."""

    def make(self) -> Embedder:
        def server(url, headers, body, seconds):
            texts = json.loads(body)["input"]
            rows = HashEmbedder(48).embed(texts).tolist()
            data = [{"index": place, "embedding": row} for place, row in enumerate(rows)]
            return Answer(200, {}, json.dumps({"data": data[::-1]}).encode())

        return openai_embedder("test", base_url="http://localhost:1/v1", transport=server)

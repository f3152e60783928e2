"""Every index of vectors that comes with the package keeps every promise of the protocol."""

from __future__ import annotations

import numpy as np
import pytest

from context_manager import Config, ContextManager
from context_manager.config import VectorStoreConfig
from context_manager.errors import ConfigError
from context_manager.index import VectorIndex, vector_indexes
from context_manager.index.scanned import ScannedVectors
from context_manager.testing.embedders import HashEmbedder
from context_manager.testing.vector_index_contract import VectorIndexContract, clustered


class TestScannedExactly(VectorIndexContract):
    recall, near = 1.0, 1e-6

    def make(self, dimension: int) -> VectorIndex:
        return vector_indexes.create("numpy", dimension)


class TestScannedByBits(VectorIndexContract):
    near = 1e-6

    def make(self, dimension: int) -> VectorIndex:
        return vector_indexes.create("numpy", dimension, exact_to=1000, rescored=600)


class TestFaissFlat(VectorIndexContract):
    recall, near = 1.0, 1e-5

    def make(self, dimension: int) -> VectorIndex:
        return vector_indexes.create("faiss", dimension, kind="flat", first=600, found=100)


class TestFaissBytes(VectorIndexContract):
    def make(self, dimension: int) -> VectorIndex:
        return vector_indexes.create("faiss", dimension, first=600, found=100)


class TestFaissLists(VectorIndexContract):
    recall = 0.75

    def make(self, dimension: int) -> VectorIndex:
        return vector_indexes.create("faiss", dimension, kind="ivf", first=600, found=100)


def test_bits_are_the_same_however_the_rows_came():
    """Two processes, one that read all at once and one that followed, rank alike."""
    vectors, question = clustered(2500, 1), clustered(1, 2)[0]
    found = []
    for size in (2500, 400):
        index = ScannedVectors(vectors.shape[1], exact_to=1000, rescored=200)
        for start in range(0, len(vectors), size):
            index.extend(vectors[start : start + size])
            frozen = index.frozen(())
        found.append(frozen.cosines(question))
    assert np.array_equal(*found)


@pytest.mark.parametrize("kind", ["flat", "sq8", "ivf"])
def test_a_manager_finds_with_faiss_what_it_was_told_and_not_what_it_forgot(kind):
    options = {"kind": kind, "first": 300, "found": 100}
    config = Config(vector_store=VectorStoreConfig("faiss", options))
    with ContextManager(config) as cm:
        cm.embedding_provider = HashEmbedder(32)
        cm.add_memory_batch([f"Crate {n} holds walnuts" for n in range(600)])
        told = cm.add_memory("The lantern hangs behind the stable door")
        assert cm.query_memory("Where does the lantern hang?")[0][0].startswith("The lantern")
        cm.forget(told)
        assert all("lantern" not in text for text, _ in cm.query_memory("lantern, stable door"))


def test_a_kind_that_faiss_does_not_have_is_refused():
    config = Config(vector_store=VectorStoreConfig("faiss", {"kind": "hnsw"}))
    with pytest.raises(ConfigError, match="flat, sq8, ivf"):
        ContextManager(config).build("Hello")

"""A model without a name of its own is known by what it does to one text."""

from __future__ import annotations

import numpy as np
import pytest

from context_manager.embedding import CallableEmbedder
from context_manager.embedding.fingerprint import probe_hash
from context_manager.testing.embedders import HashEmbedder


def unit(seed: int, dimension: int = 384) -> np.ndarray:
    row = np.random.default_rng(seed).standard_normal(dimension)
    return (row / np.linalg.norm(row)).astype(np.float32)


def test_different_models_have_different_hashes():
    assert len({probe_hash(unit(seed)) for seed in range(500)}) == 500


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 8, 30])
def test_small_dimensions_work(dimension):
    assert probe_hash(unit(1, dimension)) == probe_hash(unit(1, dimension))


def test_the_noise_of_other_processors_changes_no_hash():
    noise = np.random.default_rng(7)
    for seed in range(300):
        row = unit(seed)
        shaken = row + noise.normal(0, 2e-7, len(row)).astype(np.float32)
        assert probe_hash(shaken) == probe_hash(row)


def test_a_callable_is_asked_once_and_only_when_needed():
    calls: list[list[str]] = []

    def function(texts):
        calls.append(list(texts))
        return HashEmbedder(16).embed(texts)

    embedder = CallableEmbedder(function)
    assert calls == []
    assert embedder.dimension == 16
    assert embedder.fingerprint == embedder.fingerprint
    assert len(calls) == 2
    assert embedder.fingerprint.startswith("callable:16:probe-")


def test_a_stated_revision_needs_no_call():
    def function(texts):
        raise AssertionError("not to be called")

    embedder = CallableEmbedder(function, dimension=4, name="mine", revision="3")
    assert embedder.fingerprint == "mine:4:3"


def test_the_same_function_with_other_weights_has_another_fingerprint():
    mirrored = CallableEmbedder(lambda texts: -HashEmbedder(16).embed(texts))
    assert mirrored.fingerprint != CallableEmbedder(HashEmbedder(16).embed).fingerprint

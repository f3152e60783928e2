"""The packaged model is the model: its vectors against those of torch, and against themselves.

`reference_vectors.npy` was computed in float32 by ``tools/embedding_reference.py`` with torch and
transformers from the original weights.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from context_manager.embedding.onnx import WINDOW, OnnxEmbedder
from context_manager.embedding.static import StaticEmbedder
from context_manager.embedding.wordpieces import token_ids

HERE = Path(__file__).parent
TEXTS = json.loads((HERE / "reference_texts.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reference():
    return np.load(HERE / "reference_vectors.npy")


@pytest.fixture(scope="module")
def vectors():
    return OnnxEmbedder().embed(TEXTS)


def test_the_reference_texts_fit_one_window():
    assert max(len(token_ids(text)) for text in TEXTS) <= WINDOW


def test_each_vector_is_within_a_thousandth_of_the_float32_model(vectors, reference):
    cosines = np.einsum("ij,ij->i", vectors, reference)
    worst = int(np.argmin(cosines))
    assert cosines[worst] > 0.999, f"{cosines[worst]:.5f} for {TEXTS[worst]!r}"
    assert cosines.mean() > 0.9997


def test_nearest_neighbours_are_those_of_the_float32_model(vectors, reference):
    def nearest(rows):
        return np.argmax(rows @ rows.T - 2 * np.eye(len(rows)), axis=1)

    assert (nearest(vectors) == nearest(reference)).all()


def test_a_text_has_the_same_bits_alone_in_company_and_on_any_number_of_threads(vectors):
    for threads in (1, 3):
        embedder = OnnxEmbedder(threads=threads)
        alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
        assert np.array_equal(alone, vectors)
        assert np.array_equal(embedder.embed(TEXTS[::-1])[::-1], vectors)


def test_another_process_computes_the_same_bits(vectors):
    script = (
        "import json, sys; from context_manager.embedding.onnx import OnnxEmbedder;"
        "texts = json.load(sys.stdin);"
        "sys.stdout.buffer.write(OnnxEmbedder(threads=1).embed(texts).tobytes())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(TEXTS).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert done.stdout == vectors.tobytes()


def test_a_special_mark_in_a_text_is_text():
    assert 102 not in token_ids("[CLS] before [SEP] after")
    assert token_ids("[SEP]") == token_ids("[ sep ]")


@pytest.mark.parametrize("embedder", [OnnxEmbedder(), StaticEmbedder()], ids=["onnx", "static"])
def test_paraphrases_are_nearer_than_strangers(embedder):
    asked, answer, other = embedder.embed(
        [
            "Where did I leave the spare key?",
            "The spare key is under the blue flower pot.",
            "The invoice for the greenhouse panels is due in thirty days.",
        ]
    )
    assert asked @ answer > asked @ other + 0.2

"""The sentence-transformers driver, against a stand-in for the library that counts letters."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from context_manager.embedding import EmbeddingProvider
from context_manager.errors import MissingExtraError

STAND_IN = """
import re
import numpy as np

made = []


class SentenceTransformer:
    max_seq_length = 20

    def __init__(self, name, **settings):
        made.append((name, settings))
        self.seen = []

    def tokenizer(self, text, *, add_special_tokens, return_offsets_mapping, verbose):
        return {"offset_mapping": [match.span() for match in re.finditer(r"\\\\w+", text)]}

    def encode(self, texts, *, batch_size, normalize_embeddings, show_progress_bar):
        assert batch_size == 1 and normalize_embeddings and not show_progress_bar
        self.seen += texts
        rows = np.array([[text.count(letter) + 1 for letter in "abcd"] for text in texts], float)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sentence_transformers.py").write_text(STAND_IN.replace("\\\\", "\\"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sentence_transformers", raising=False)
    yield
    sys.modules.pop("sentence_transformers", None)


def test_the_model_is_loaded_with_the_first_text(library):
    provider = EmbeddingProvider("sentence-transformers:some/model", device="cpu")
    assert "sentence_transformers" not in sys.modules
    assert provider.embed(["abc", "d"]).shape == (2, 4)
    assert sys.modules["sentence_transformers"].made == [("some/model", {"device": "cpu"})]
    assert provider.fingerprint.startswith("sentence-transformers:some/model:4:probe-")


def test_a_long_text_is_handed_over_in_windows_that_cover_it(library):
    provider = EmbeddingProvider("sentence-transformers:m")
    text = " ".join(f"word{number}" for number in range(100))
    provider.embed([text, "short"])
    seen = provider.embedder.function._loaded().seen
    assert seen[-1] == "short"
    assert text.startswith(seen[0])
    assert text.endswith(seen[-2])
    assert {word for part in seen[:-1] for word in part.split()} == set(text.split())
    assert all(len(part.split()) <= 20 for part in seen)


def test_a_text_has_one_vector_whatever_stands_beside_it(library):
    texts = ["abc", "a much longer text beside it", "d"]
    together = EmbeddingProvider("sentence-transformers:m").embed(texts)
    alone = [EmbeddingProvider("sentence-transformers:m").embed([text])[0] for text in texts]
    assert np.array_equal(together, np.stack(alone))


def test_without_the_library_the_error_tells_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r'pip install "context-manager\[sentence'):
        EmbeddingProvider("sentence-transformers:m").embed(["a"])

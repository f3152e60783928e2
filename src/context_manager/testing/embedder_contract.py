"""What every embedder must do, as a class of tests to inherit from.

An embedder's author writes three lines::

    class TestMyEmbedder(EmbedderContract):
        def make(self):
            return MyEmbedder()

and runs pytest. This file knows the protocol only; each test's name states a promise.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from context_manager.embedding.protocol import Embedder, Vectors

PLAIN = (
    "The spare key is under the blue flower pot.",
    "Where is the spare key?",
    "The invoice for the greenhouse panels is due in thirty days.",
    "short",
)
NASTY = (
    "",
    " \t\r\n ",
    "NUL \0 inside",
    "lone surrogate \ud83d here",
    "naïve café 東京 🧑‍🚀 \u202eright to left\u202c \ufeff e\u0301",
    "[CLS] [SEP] [PAD] </s> <|endoftext|>",
    "?!?!?!",
    "a" * 20_000,
    "word " * 700,
    "山" * 700,
    "e\u0301\u0302\u0303" * 1_000,
)


def same(one: Vectors, other: Vectors) -> bool:
    """Equal but for the last bits of a float32."""
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=1e-6))


class EmbedderContract:
    """Inherit, define `make`, and every promise of the `Embedder` protocol becomes a test."""

    def make(self) -> Embedder:
        """A new embedder; each gives the same vectors."""
        raise NotImplementedError

    @pytest.fixture
    def embedder(self) -> Embedder:
        """An embedder for one test."""
        return self.make()

    def test_it_tells_its_dimension(self, embedder: Embedder) -> None:
        assert embedder.dimension >= 1

    def test_rows_are_float32_of_unit_length(self, embedder: Embedder) -> None:
        rows = embedder.embed(PLAIN)
        assert rows.dtype == np.float32
        assert rows.shape == (len(PLAIN), embedder.dimension)
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)

    def test_no_texts_give_no_rows(self, embedder: Embedder) -> None:
        assert embedder.embed([]).shape == (0, embedder.dimension)

    def test_rows_stand_in_the_order_of_the_texts(self, embedder: Embedder) -> None:
        rows = embedder.embed(PLAIN)
        assert same(embedder.embed(PLAIN[::-1]), rows[::-1])

    def test_a_text_has_one_vector_whatever_stands_beside_it(self, embedder: Embedder) -> None:
        together = embedder.embed([*NASTY, *PLAIN, *PLAIN])
        alone = np.concatenate([embedder.embed([text]) for text in (*NASTY, *PLAIN, *PLAIN)])
        assert same(together, alone)

    @pytest.mark.parametrize("text", NASTY, ids=ascii)
    def test_any_text_has_a_vector(self, embedder: Embedder, text: str) -> None:
        rows = embedder.embed([text])
        assert np.isfinite(rows).all()
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)

    def test_a_text_is_nearest_to_itself(self, embedder: Embedder) -> None:
        rows = embedder.embed(PLAIN)
        assert (np.argmax(rows @ rows.T, axis=1) == np.arange(len(PLAIN))).all()

    def test_threads_do_not_mix_rows(self, embedder: Embedder) -> None:
        expected = embedder.embed(PLAIN)
        with ThreadPoolExecutor(4) as pool:
            for rows in pool.map(embedder.embed, [PLAIN] * 8):
                assert same(rows, expected)

    def test_a_new_embedder_has_the_same_fingerprint_and_vectors(self, embedder: Embedder) -> None:
        other = self.make()
        assert other.fingerprint == embedder.fingerprint
        assert same(other.embed(PLAIN), embedder.embed(PLAIN))

    def test_the_fingerprint_is_one_short_printable_line(self, embedder: Embedder) -> None:
        assert embedder.fingerprint.isprintable()
        assert 0 < len(embedder.fingerprint) <= 200

    def test_what_a_caller_does_to_a_row_changes_no_later_row(self, embedder: Embedder) -> None:
        first = embedder.embed(PLAIN[:1])
        before = first.copy()
        if first.flags.writeable:
            first[:] = 0
        assert same(embedder.embed(PLAIN[:1]), before)

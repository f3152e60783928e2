"""A long text is read from its start to its end, in bounded time, and never cut at one end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.embedding.onnx import MOST_WINDOWS, OVERLAP, WINDOW, OnnxEmbedder
from context_manager.embedding.spans import (
    LONGEST_WORD,
    averaged,
    chunks,
    readable,
    windows,
)
from context_manager.embedding.static import StaticEmbedder
from context_manager.embedding.wordpieces import MOST_CHARACTERS, token_ids

MILLION = 1_000_000
HUGE = {
    "one word": "a" * MILLION,
    "short words": "a " * (MILLION // 2),
    "one line of ideographs": "山" * MILLION,
    "emoji": "🙂" * MILLION,
    "combining marks": "e" + "\u0301" * MILLION,
    "punctuation": "^" * MILLION,
    "no spaces": "Абв" * (MILLION // 3),
    "zero width": "\u200b" * MILLION,
}


@given(
    length=st.integers(0, 5_000),
    size=st.integers(2, 300),
    overlap=st.integers(0, 40),
    most=st.integers(1, 100),
)
def test_windows_cover_all_up_to_the_bound_and_both_ends_beyond_it(length, size, overlap, most):
    overlap = min(overlap, size - 1)
    cut = windows(range(length), size, overlap, most)
    assert len(cut) <= most
    assert all(len(window) <= size for window in cut)
    assert len({len(window) for window in cut}) == 1
    if most > 1:
        assert cut[0][:1] == range(length)[:1]
        assert cut[-1][-1:] == range(length)[-1:]
    if len(cut) < most:
        assert {number for window in cut for number in window} == set(range(length))
        for left, right in pairwise(cut):
            assert left.stop - right.start >= overlap


@given(st.text(max_size=3_000), st.integers(1, 50))
def test_chunks_put_together_are_the_text(text, size):
    parts = list(chunks(text, size))
    assert "".join(parts) == text
    assert all(len(part) <= size for part in parts)


@given(st.text(max_size=2_000))
def test_a_text_of_usual_words_is_handed_to_the_tokenizer_as_it_is(text):
    usual = " ".join(word[:LONGEST_WORD] for word in text.split())
    usual = usual.encode("utf-8", "ignore").decode()
    assert readable(usual, MOST_CHARACTERS) == usual


def test_chunking_changes_no_token():
    sentence = "The orchard keeper's ladder, 3.5 metres long, leaned against wall no. 7. "
    assert token_ids(sentence * 400) == token_ids(sentence) * 400


def test_a_word_beyond_the_models_longest_is_read_in_parts():
    """The model alone would read any such word as one and the same unknown."""
    embedder = OnnxEmbedder()
    apples, stones = embedder.embed(["apple" * 60, "stone" * 60])
    assert apples @ stones < 0.9


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_megabyte_of_anything_takes_a_bounded_number_of_runs(text):
    ids = token_ids(text)
    assert len(ids) <= MOST_CHARACTERS
    assert len(windows(ids, WINDOW, OVERLAP, MOST_WINDOWS)) <= MOST_WINDOWS


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_megabyte_of_anything_has_a_static_vector(text):
    row = StaticEmbedder().embed([text])[0]
    assert np.isclose(np.linalg.norm(row), 1, atol=1e-5)


def test_a_megabyte_word_has_a_vector():
    row = OnnxEmbedder().embed([HUGE["one word"]])[0]
    assert np.isclose(np.linalg.norm(row), 1, atol=1e-5)


@pytest.mark.parametrize("embedder", [OnnxEmbedder(), StaticEmbedder()], ids=["onnx", "static"])
def test_what_stands_at_the_end_of_a_long_text_counts_as_much_as_its_start(embedder):
    bees = "The beekeeper smokes the hive and lifts out a frame of honey. " * 60
    tax = "The accountant files the quarterly tax return with the receipts. " * 60
    both, turned, honey, return_ = embedder.embed([bees + tax, tax + bees, bees, tax])
    assert both @ honey > honey @ return_ + 0.2
    assert both @ return_ > honey @ return_ + 0.2
    assert both @ turned > 0.98


def test_the_average_is_weighted_and_of_unit_length():
    rows = np.array([[1, 0], [0, 1]], dtype=np.float32)
    assert np.allclose(averaged(rows, [3, 4]), [0.6, 0.8])


def test_rows_that_cancel_out_are_stood_for_by_the_first():
    rows = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    assert np.allclose(averaged(rows, [1, 1]), [1, 0])

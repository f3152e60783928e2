"""What is cut out or split off counts what it may, breaks no character and loses nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from context_manager.errors import InputError
from context_manager.tokens import TokenCounter, cutting
from context_manager.tokens.characters import next_whole_cut, previous_whole_cut, valid_text
from context_manager.tokens.search import longest_prefix, longest_suffix
from support.token_texts import any_text, each_counter, long_runs

texts = st.one_of(any_text, long_runs, any_text.map(lambda text: (text + " and so on. ") * 300))
limits = st.one_of(st.integers(0, 40), st.integers(0, 3000))

CUSTOM = {
    "characters": len,
    "words": lambda text: len(text.split()),
    "with an opening token": lambda text: 1 + len(text.encode("utf-8", "replace")),
    "not monotone": lambda text: len(text) % 17,
}
each_custom = pytest.mark.parametrize("counter", CUSTOM.values(), ids=CUSTOM)


@each_counter
@given(text=texts, limit=limits)
@settings(max_examples=60)
def test_a_truncated_text_is_a_start_that_fits(model: str, text: str, limit: int) -> None:
    counter = TokenCounter(model)
    kept = counter.truncate_to_tokens(text, limit)
    assert text.startswith(kept)
    assert counter(kept) <= limit
    assert kept == text or counter(text) > limit


@each_counter
def test_truncation_uses_the_room(model: str) -> None:
    counter = TokenCounter(model)
    text = "The kettle hums while Petra reads the long letter from her uncle again. " * 200
    for limit in (1, 10, 500, 2000):
        assert counter(counter.truncate_to_tokens(text, limit)) == limit


@each_counter
@given(text=texts, limit=limits, share=st.floats(0, 1))
@settings(max_examples=60)
def test_a_middle_cut_fits_and_keeps_head_and_tail(
    model: str, text: str, limit: int, share: float
) -> None:
    counter = TokenCounter(model)
    marker = " [...] "
    assume(limit >= counter(marker))
    cut = counter.truncate_middle(text, limit, marker, head_share=share)
    assert counter(cut) <= limit
    if cut == text:
        return
    assert counter(text) > limit
    ways = [i for i in range(len(cut)) if cut.startswith(marker, i)]
    assert any(text.startswith(cut[:i]) and text.endswith(cut[i + len(marker) :]) for i in ways)


def test_a_middle_cut_gives_the_head_its_share() -> None:
    counter = TokenCounter("gpt-4o")
    text = " ".join(f"line {number}." for number in range(5000))
    head, tail = counter.truncate_middle(text, 1000, head_share=0.25).split("\n[...]\n")
    assert counter(head) == pytest.approx(250, abs=10)
    assert counter(tail) == pytest.approx(750, abs=15)


def test_a_middle_cut_without_room_for_its_marker_is_refused_with_the_numbers() -> None:
    with pytest.raises(InputError, match=r"marker .* needs 3 of 2 tokens"):
        TokenCounter("gpt-4").truncate_middle("one two three four five", 2, "[...] ...")


@each_counter
@given(text=texts, size=st.integers(4, 60), part=st.floats(0, 0.99))
@settings(max_examples=50)
def test_chunks_fit_cover_the_text_and_overlap_as_asked(
    model: str, text: str, size: int, part: float
) -> None:
    counter = TokenCounter(model)
    text = valid_text(text[:1500])
    overlap = int(size * part)
    spans = list(cutting.spans(text, size, overlap, counter.tokenizer))
    assert all(start < end and counter(text[start:end]) <= size for start, end in spans)
    assert [0, *(end for _, end in spans)][-1] == len(text)
    for (before, done), (start, end) in pairwise(spans):
        assert before < start <= done < end
        assert counter(text[start:done]) <= overlap


@each_counter
@given(text=texts, size=st.integers(4, 60))
@settings(max_examples=30)
def test_chunks_without_overlap_are_the_text(model: str, text: str, size: int) -> None:
    text = text[:1500]
    assert "".join(TokenCounter(model).split_text_into_token_chunks(text, size)) == text


def test_overlapping_chunks_repeat_the_end_of_the_one_before() -> None:
    counter = TokenCounter("gpt-4")
    text = " ".join(f"word{number}" for number in range(300))
    chunks = counter.split_text_into_token_chunks(text, 50, 20)
    for before, after in pairwise(chunks):
        shared = max(size for size in range(len(after)) if before.endswith(after[:size]))
        assert counter(after[:shared]) == pytest.approx(20, abs=2)


def test_what_is_repeated_or_left_of_a_tail_begins_with_a_word_where_one_fits() -> None:
    """The last letters of a word may be one token, as the word is."""
    counter = TokenCounter("gpt-4")
    text = "one two three four five"
    assert counter.split_text_into_token_chunks(text, 3, 1) == ["one two three", " three four five"]
    assert counter.truncate_middle("zero " * 30 + text, 10, "..", head_share=0.4).endswith(
        ".. one two three four five"
    )


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (-3, 0), (5, 5), (5, 9), (5, -1)])
def test_an_impossible_chunk_size_is_refused(size: int, overlap: int) -> None:
    with pytest.raises(InputError, match=r"chunk size|overlap"):
        TokenCounter("gpt-4").split_text_into_token_chunks("some text", size, overlap)


def test_a_character_that_fits_no_chunk_is_named() -> None:
    with pytest.raises(InputError, match=r"position 3 needs more than 1 tokens"):
        TokenCounter("gpt-4").split_text_into_token_chunks("ab 🧿", 1)


@each_custom
@given(text=any_text, limit=st.integers(0, 60))
def test_any_counter_of_the_user_bounds_what_is_cut(counter, text: str, limit: int) -> None:
    own = TokenCounter("mine", counter=counter)
    kept = own.truncate_to_tokens(text, limit)
    assert text.startswith(kept)
    assert kept == "" or counter(valid_text(kept)) <= limit
    if limit >= counter("#"):
        assert counter(valid_text(own.truncate_middle(text, limit, "#"))) <= limit


@given(text=any_text, size=st.integers(1, 30), overlap=st.integers(0, 29))
def test_a_counter_of_the_user_splits_too(text: str, size: int, overlap: int) -> None:
    assume(overlap < size)
    own = TokenCounter("mine", counter=len)
    assert "".join(own.split_text_into_token_chunks(text, size)) == text
    assert all(
        len(chunk) <= size for chunk in own.split_text_into_token_chunks(text, size, overlap)
    )


@pytest.mark.parametrize(
    "cluster",
    ["e\u0301", "👩\u200d🚀", "👍🏽", "🇩🇪", "❤\ufe0f", "\r\n", "कि", "🏴\U000e0067\U000e007f"],
    ids=ascii,
)
def test_no_cut_falls_inside_a_character(cluster: str) -> None:
    text = f"ab{cluster}cd"
    for position in range(3, 2 + len(cluster)):
        assert previous_whole_cut(text, position) == 2
        assert next_whole_cut(text, position) == 2 + len(cluster)
    counter = TokenCounter("cl100k_base")
    for limit in range(12):
        kept = counter.truncate_to_tokens(text, limit)
        assert len(kept) <= 2 or len(kept) >= 2 + len(cluster)


def test_a_pair_of_flags_is_cut_between_the_flags() -> None:
    assert previous_whole_cut("🇩🇪🇫🇷", 3) == 2
    assert previous_whole_cut("🇩🇪🇫🇷", 2) == 2


def test_an_endless_cluster_is_cut_where_it_was_asked() -> None:
    assert previous_whole_cut("e" + "\u0301" * 500, 400) == 400
    assert next_whole_cut("e" + "\u0301" * 500, 400) == 400


@given(size=st.integers(0, 400), limit=st.integers(0, 50))
def test_the_search_counts_little_more_than_its_answer(size: int, limit: int) -> None:
    """Looking for 50 tokens in a book must not read the book."""
    read = []

    def count(text: str) -> int:
        read.append(len(text))
        return len(text)

    for search in (longest_prefix, longest_suffix):
        read.clear()
        assert search("x" * size, limit, count) == min(size, limit)
        assert all(length <= 4 * max(limit, 1) for length in read)

"""Where long texts are cut: nothing lost, nothing too long, pauses respected."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.retrieval import index_terms, pack_words, split, unpack_columns, unpack_words
from context_manager.retrieval.analysis import term_hashes
from context_manager.retrieval.cues import marks
from context_manager.retrieval.passages import PASSAGE_CHARS, WHOLE_CHARS


@given(st.text(alphabet="ab .\n\u3002", max_size=400), st.integers(1, 60))
def test_passages_are_in_order_and_leave_out_only_white_space(text: str, target: int) -> None:
    spans = split(text, target=target, whole=0)
    at = 0
    for span in spans:
        assert not text[at : span.start].strip()
        assert span.end - span.start <= target or len(spans) == 1
        at = span.end
    assert not text[at:].strip()


def test_a_short_text_is_one_passage() -> None:
    assert len(split("x" * WHOLE_CHARS)) == 1
    assert len(split("")) == 1


def test_a_cut_prefers_a_blank_line() -> None:
    first, second = ("One. " * 100).strip(), ("Two. " * 100).strip()
    text = first + "\n\n" + second

    assert [span.of(text) for span in split(text)] == [first, second]


def test_a_sentence_is_not_cut_when_it_fits() -> None:
    text = "This sentence is forty characters long.. " * 40

    assert all(span.of(text).endswith(".") for span in split(text))


def test_a_word_without_end_is_cut_at_the_bound() -> None:
    assert {s.end - s.start for s in split("x" * (5 * PASSAGE_CHARS))} == {PASSAGE_CHARS}


def test_packed_words_come_back() -> None:
    words = unpack_words(pack_words("to be or not to be", b"k"))

    assert words.length == 6
    assert sorted(words.counts.tolist()) == [1, 1, 2, 2]
    assert (words.terms[1:] > words.terms[:-1]).all()


def test_a_name_counts_as_words_and_pieces_do_not() -> None:
    assert unpack_words(pack_words("Krankenversicherung kaufen", b"k")).length == 2
    assert unpack_words(pack_words("Krankenversicherung kaufen", b"k", speaker="Jo")).length == 3


@given(st.text(), st.text(max_size=20))
def test_every_term_is_packed_as_often_as_it_occurs(text: str, speaker: str) -> None:
    words = unpack_words(pack_words(text, b"k", speaker=speaker))
    expected = index_terms(text, speaker=speaker) + index_terms(speaker) + Counter(marks(text))

    hashes = term_hashes(expected, b"k").tolist()
    assert dict(zip(words.terms.tolist(), words.counts.tolist(), strict=True)) == {
        number: min(count, 255) for number, count in zip(hashes, expected.values(), strict=True)
    }


MARKED = (
    "We met yesterday",
    "On 12.5. she left",
    "since 1987, she said",
    "Today's list",
    "They asked for a dozen",
    "room 12b",
    "Always give versions",
    "well, I prefer tea",
    "bitte nie anrufen",
    "a Mayor_may ate tenfold",
)


@pytest.mark.parametrize("text", MARKED)
def test_marks_do_not_depend_on_other_letters_or_on_case(text: str) -> None:
    assert marks(f"{text}\nça") == marks(text) == marks(text.upper())


def test_a_word_said_very_often_counts_255() -> None:
    assert unpack_words(pack_words("no " * 1000, b"k")).counts.tolist() == [255]


def test_broken_packed_words_are_refused() -> None:
    with pytest.raises(ValueError, match="4 \\+ 9 n bytes"):
        unpack_words(b"12345")


def test_many_passages_unpack_to_what_each_unpacks_to() -> None:
    packed = [
        pack_words(text, b"k") for text in ("to be or not to be", "", "a walnut", "no " * 300)
    ]
    columns = unpack_columns(packed)
    each = [unpack_words(item) for item in packed]

    assert columns.lengths.tolist() == [words.length for words in each]
    assert columns.sizes.tolist() == [len(words.terms) for words in each]
    assert columns.terms.tolist() == [term for words in each for term in words.terms.tolist()]
    assert columns.counts.tolist() == [n for words in each for n in words.counts.tolist()]
    with pytest.raises(ValueError, match="9 n bytes"):
        unpack_columns([packed[0], b"12345"])

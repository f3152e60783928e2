"""Which words a text is found by: every language, linear time, nothing betrayed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.retrieval.analysis import (
    index_terms,
    query_terms,
    query_words,
    term_hashes,
)
from context_manager.retrieval.stem import stem

from .corpora import SMALL_TALK, Said, ask

FOUND = [
    ("inflected", "She was adopting a puppy", "adoption"),
    ("irregular", "We bought a boat", "buy"),
    ("accents in the text", "Meet me at the Café Zoë", "cafe zoe"),
    ("accents in the question", "Meet me at the cafe", "café"),
    ("sharp s", "Die Strasse ist nass", "Straße"),
    ("part of a compound", "Die Krankenversicherung ist teuer", "Versicherung"),
    ("whole compound, part in the text", "Eine Versicherung ist teuer", "Krankenversicherung"),
    ("camel case part", "getUserName raised an error", "username"),
    ("camel case whole", "getUserName raised an error", "getUserName"),
    ("snake case part", "set max_retry_count to three", "retry"),
    ("snake case whole", "set max_retry_count to three", "max_retry_count"),
    ("acronym in an identifier", "HTTPServer would not start", "http"),
    ("version", "Upgrade to v2.31.4 first", "v2.31.4"),
    ("thousands", "It cost 12,500 euros", "12500"),
    ("chinese substring", "我昨天去了东京塔附近的咖啡馆", "东京塔"),
    ("single character", "我昨天去了东京", "京"),
    ("japanese", "新しい自転車を買いました", "自転車"),
    ("korean with a particle", "도서관에서 책을 읽었다", "도서관"),
    ("thai", "ฉันชอบกินข้าวผัด", "ข้าวผัด"),
    ("hindi", "मुझे हिन्दी पसंद है", "हिन्दी"),
    ("arabic without harakat", "كِتَاب جديد", "كتاب"),
    ("cyrillic", "Мы купили велосипед", "велосипед"),
    ("emoji", "Passed the exam 🎉", "🎉"),
    ("full width", "\uff21\uff22\uff23 \uff11\uff12\uff13", "abc"),
]


@pytest.mark.parametrize(("text", "question"), [c[1:] for c in FOUND], ids=[c[0] for c in FOUND])
def test_the_message_that_holds_the_word_comes_first(text: str, question: str) -> None:
    ranking = ask(question, [*SMALL_TALK, Said(text, session=1)])

    assert ranking.entries[0] == len(SMALL_TALK)
    assert ranking.explain(0)["words"] > 1


def test_compounds_are_not_found_by_unrelated_words() -> None:
    """Pieces stand in only for words that nobody wrote, and only where enough stand together."""
    ranking = ask("Verfassung", [*SMALL_TALK, Said("Die Krankenversicherung", session=1)])

    assert ranking.explain(0)["words"] == 0


def test_question_words_are_dropped_from_questions_only() -> None:
    assert query_words("When did Ana visit the lake?") == ("Ana", "visit", "lake")
    assert "w:who" in index_terms("The Who played")


def test_a_question_of_question_words_keeps_them() -> None:
    assert query_words("Who are you?") == ("Who", "are", "you")


def test_an_identifier_is_looked_up_whole_first() -> None:
    assert query_terms("getUserName")[0] == "w:" + stem("getusername")


def test_hashes_depend_on_the_key() -> None:
    assert term_hashes(["w:secret"], b"one")[0] != term_hashes(["w:secret"], b"two")[0]


@pytest.mark.parametrize("unit", ["a", "东", "a_", "aB", "1.", "'a", "\u0301", "ab" * 40 + " "])
def test_a_megabyte_yields_a_bounded_number_of_terms(unit: str) -> None:
    """Words are cut, so no text makes more terms than a small multiple of its length."""
    text = (unit * 1_000_000)[:1_000_000]

    assert sum(index_terms(text).values()) <= 4 * len(text)


@given(st.text())
def test_any_text_can_be_indexed_and_asked(text: str) -> None:
    terms = index_terms(text, speaker=text)

    assert all(n > 0 for n in terms.values())
    assert len(term_hashes(terms, b"k")) == len(terms)
    assert len(set(query_words(text))) == len(query_words(text))


@given(st.text(alphabet="abcdefghilnorstuy", min_size=1, max_size=30))
def test_a_stem_is_never_empty_nor_much_longer(word: str) -> None:
    assert 0 < len(stem(word)) <= len(word) + 1

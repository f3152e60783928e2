"""Decides what is looked for: the words of the input, who and which time it speaks of.

Must not know about the corpus beyond what is handed in, nor about scores.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from context_manager.retrieval.analysis import (
    SPEAKER,
    backoff_terms,
    hasher,
    query_terms,
    query_words,
    words,
)
from context_manager.retrieval.corpus import Floats
from context_manager.retrieval.cues import MARKS, Asked, asked
from context_manager.retrieval.dates import Moment, moments
from context_manager.retrieval.stem import stem

MOST_WORDS = 64
"""Further distinct words of a long input are not looked up; the vector still reads them."""


@dataclass(frozen=True, slots=True)
class QueryWord:
    """One content word of the query.

    Attributes:
        text: as it stands in the query.
        terms: hashes it is looked up under, the most telling first.
        pieces: hashes that stand in when no passage holds any of ``terms``.
        speaker: hash under which it would be found as a speaker's name.
    """

    text: str
    terms: tuple[int, ...]
    pieces: tuple[int, ...]
    speaker: int


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    Attributes:
        text: the input as given.
        words: its content words.
        vector: float32 [d] of unit length, or None while there is no embedder.
        now: seconds since 1970; recency counts from here.
        asked: what kind of answer is wanted.
        named: the days it names.
        cues: hashes of the marks `cues.marks` gives to texts, by mark.
    """

    text: str
    words: tuple[QueryWord, ...]
    vector: Floats | None
    now: float
    asked: Asked
    named: tuple[Moment, ...]
    cues: Mapping[str, int]


def parse(text: str, *, key: bytes, vector: Floats | None = None, now: float = 0.0) -> Query:
    """Return the query an input asks.

    Args:
        text: the user's input.
        key: the store's secret for term hashes, the same as the passages were packed with.
        vector: the input's embedding, of unit length.
        now: the present, seconds since 1970.
    """
    number = hasher(key)
    found = tuple(_word(word, number) for word in query_words(text)[:MOST_WORDS])
    cues = {mark: number(mark) for mark in MARKS}
    return Query(text, found, vector, now, asked(text), moments(text, now), cues)


def _word(word: str, number: Callable[[str], int]) -> QueryWord:
    name = SPEAKER + stem(next(iter(words(word.split("'")[0])), word).casefold())
    return QueryWord(
        text=word,
        terms=tuple(map(number, query_terms(word))),
        pieces=tuple(map(number, backoff_terms(word))),
        speaker=number(name),
    )

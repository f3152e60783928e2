"""Decides what is looked for: the words of the input, who and which time it speaks of.

Must not know about the corpus beyond what is handed in, nor about scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from context_manager.retrieval.analysis import (
    SPEAKER,
    backoff_terms,
    query_terms,
    query_words,
    term_hashes,
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
    found = tuple(_word(word, key) for word in query_words(text)[:MOST_WORDS])
    hashes = term_hashes(MARKS, key)
    cues = {mark: int(value) for mark, value in zip(MARKS, hashes, strict=True)}
    return Query(text, found, vector, now, asked(text), moments(text, now), cues)


def _word(word: str, key: bytes) -> QueryWord:
    name = SPEAKER + stem(next(iter(words(word.split("'")[0])), word).casefold())
    return QueryWord(
        text=word,
        terms=tuple(int(h) for h in term_hashes(query_terms(word), key)),
        pieces=tuple(int(h) for h in term_hashes(backoff_terms(word), key)),
        speaker=int(term_hashes([name], key)[0]),
    )

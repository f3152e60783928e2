"""Small corpora for ranking tests, built from plain messages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from context_manager.index.scanned import ScannedVectors
from context_manager.retrieval import (
    ROLE_CODES,
    ArrayPostings,
    Corpus,
    Entries,
    Ranking,
    pack_words,
    parse,
    rank,
    split,
    unpack_words,
)

KEY = b"a key for tests"


@dataclass(frozen=True)
class Said:
    """One message of a test conversation."""

    text: str
    speaker: str = ""
    session: int = 0
    role: str = "user"
    time: float = 1_700_000_000.0
    vector: tuple[float, ...] = ()


def corpus_of(messages: Sequence[Said]) -> Corpus:
    """The corpus of these messages, in the order given."""
    spans = [split(said.text) for said in messages]
    owner = [i for i, found in enumerate(spans) for _ in found]
    packed = [
        pack_words(span.of(said.text), KEY, speaker=said.speaker, timestamp=said.time)
        for said, found in zip(messages, spans, strict=True)
        for span in found
    ]
    words = [unpack_words(item) for item in packed]
    n, size = len(messages), max((len(said.vector) for said in messages), default=0)
    vectors = np.zeros((len(owner), size), np.float32)
    for row, i in enumerate(owner):
        if messages[i].vector:
            vectors[row] = messages[i].vector
    index = ScannedVectors(max(size, 1))
    if size:
        index.extend(vectors)
    return Corpus(
        entries=Entries(
            session=np.array([said.session for said in messages], np.int32),
            position=np.arange(n, dtype=np.int64),
            time=np.array([said.time for said in messages], np.float64),
            kind=np.zeros(n, np.int8),
            role=np.array([ROLE_CODES[said.role] for said in messages], np.int8),
            trust=np.full(n, 3, np.int8),
            importance=np.full(n, 0.5, np.float32),
            tokens=np.full(n, 10, np.int32),
        ),
        entry=np.array(owner, np.int32),
        length=np.array([item.length for item in words], np.float32),
        tokens=np.full(len(owner), 10, np.int32),
        vectors=index.frozen(np.flatnonzero(~vectors.any(axis=1)).tolist()) if size else None,
        postings=ArrayPostings([w.terms for w in words], [w.counts for w in words]),
    )


def ask(question: str, messages: Sequence[Said], vector: tuple[float, ...] = ()) -> Ranking:
    """Rank the messages for a question."""
    given = np.array(vector, np.float32) if vector else None
    return rank(corpus_of(messages), parse(question, key=KEY, vector=given))


SMALL_TALK = [
    Said("The weather has been lovely here"),
    Said("I watched a film about trains"),
    Said("Lunch was soup and bread again"),
    Said("My bicycle needs a new chain"),
    Said("The neighbours are painting their fence"),
    Said("We should go to the market on foot"),
]

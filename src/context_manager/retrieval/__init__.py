"""Ranking and selection: pure functions over columns; no I/O, no clock, no settings.

Writing (what a store keeps beside a passage)::

    for span in split(text):                          # passages.split: 1..n Spans (start, end)
        passage = span.of(text)
        vector_text(passage, speaker=name)            # what to embed ("Name: passage")
        pack_words(passage, key, speaker=name, timestamp=t)   # bytes: length, term hashes, counts

Both take the speaker's *own name*; leave it out for a bare role ("User", "Assistant").

Reading (what the index layer builds once per store version)::

    words = [unpack_words(b) for b in packed]         # PassageWords(length, terms, counts)
    corpus = Corpus(
        entries=Entries(session=..., position=..., time=..., kind=..., role=..., trust=...,
                        importance=..., tokens=...),
        entry=...,          # int32 [p], ascending: the entry row of each passage
        length=...,         # float32 [p] = [w.length for w in words]
        tokens=...,         # int32 [p], cost of showing the passage alone
        vectors=...,        # an index.Nearness: the cosine of each passage, NaN while pending
        postings=ArrayPostings([w.terms for w in words], [w.counts for w in words]),
    )

``postings`` may be any object with ``rows(term) -> (ascending int32 rows, uint8 counts)``.
`Corpus` derives each entry's neighbours and first passage itself when it is made; keep it.
Narrowing to a session, a task or unexpired entries is done per query by a bool mask, so that
the corpus can be kept.

Asking::

    query = parse(user_input, key=key, vector=embedded_or_None, now=clock())
    ranking = rank(corpus, query, Settings(importance_weight=0.1), eligible=mask)
    ranking.entries, ranking.passages      # rows, best first
    ranking.relevance                      # calibrated, [0, 1], 0.5 = more likely relevant than not
    ranking.explain(place)                 # what each stage added to the score
    ranking.covered, ranking.answerability

Choosing (``context`` renders and counts; this only chooses)::

    places = select([Candidate(value, cost, group=session, heading=8, owner=entry), ...], budget)

``value`` is `Ranking.relevance`; ``cost`` the tokens of the rendered line; ``group`` what shares
a heading (the session's date), ``heading`` its tokens; ``owner`` the entry, when several
passages of it are offered. The places come back in the order given.
"""

from context_manager.retrieval.analysis import index_terms, query_words, words
from context_manager.retrieval.calibrate import knows
from context_manager.retrieval.corpus import (
    KIND_CODES,
    ROLE_CODES,
    ArrayPostings,
    Corpus,
    Entries,
    Postings,
)
from context_manager.retrieval.indexed import (
    PassageWords,
    pack_words,
    unpack_columns,
    unpack_words,
    vector_text,
)
from context_manager.retrieval.passages import Span, split
from context_manager.retrieval.query import Query, parse
from context_manager.retrieval.rank import Ranking, Rerank, Settings, rank
from context_manager.retrieval.select import Candidate, select

__all__ = [
    "KIND_CODES",
    "ROLE_CODES",
    "ArrayPostings",
    "Candidate",
    "Corpus",
    "Entries",
    "PassageWords",
    "Postings",
    "Query",
    "Ranking",
    "Rerank",
    "Settings",
    "Span",
    "index_terms",
    "knows",
    "pack_words",
    "parse",
    "query_words",
    "rank",
    "select",
    "split",
    "unpack_columns",
    "unpack_words",
    "vector_text",
    "words",
]

"""Decides what is measured of each entry for a query: one named column per measure.

Graded measures are standardised over the entries that may be returned; marks are 0 or 1. What a
column is worth is decided in `rank`. Must not know weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from context_manager.retrieval.calibrate import Evidence
from context_manager.retrieval.corpus import ROLE_CODES, Corpus, Floats, Rows
from context_manager.retrieval.cues import NUMBER, STANDING, TIME
from context_manager.retrieval.dates import nearness
from context_manager.retrieval.fuse import standardised
from context_manager.retrieval.lexical import WordScores, word_scores
from context_manager.retrieval.query import Query, QueryWord

FADE: Final = 0.37
"""How much less likeness counts for each passage between; e to the -1, one passage's reach."""


FITTED_AMONG: Final = 300
"""Passages among which evidence reckons how rare a word is, at least. What evidence is worth was
fitted on conversations no shorter; among ten messages no word is rare, and none would answer."""


@dataclass(frozen=True, slots=True)
class Features:
    """What was measured.

    Attributes:
        columns: by name, float32 [e].
        passages: float32 [p], how well each passage by itself fits, to choose what is shown.
        evidence: what speaks for the corpus answering the query.
    """

    columns: Mapping[str, Floats]
    passages: Floats
    evidence: Evidence


def columns_of(
    corpus: Corpus,
    query: Query,
    half_life: float | None,
    eligible: NDArray[np.bool_] | None = None,
) -> Features:
    """Return the columns for a query over a corpus that is not empty.

    Args:
        corpus: at least one entry.
        query: what is looked for.
        half_life: seconds after which recency counts half; None leaves recency out.
        eligible: bool [e], the entries that may be returned, at least one; None means all.
            Others have columns too, but neither scale them nor count as evidence.
    """
    among = None if eligible is None or eligible.all() else eligible
    speakers = _speakers(corpus, query)
    named = _said_by_named(corpus, speakers)
    topics = _topics(query, speakers)
    words = word_scores(corpus, topics)
    cosines = _cosines(corpus, query, among)
    weights = corpus.weights
    nearby = corpus.around.blurred(_centred(corpus, cosines), FADE)
    likeness = corpus.per_entry(cosines)
    few = corpus.population()[0] < FITTED_AMONG
    judged = word_scores(corpus, topics, FITTED_AMONG) if few else words
    return Features(
        columns={
            "words": standardised(corpus.per_entry(words.nearby), among, weights),
            "vectors": standardised(likeness, among, weights),
            "vectors nearby": standardised(corpus.per_entry(nearby), among, weights),
            "speaker": named,
            **_marks(corpus, query),
            "long": _long(corpus),
            **_recency(corpus, query.now, half_life),
            "importance": corpus.entries.importance - np.float32(0.5),
        },
        passages=standardised(words.passages) + standardised(cosines),
        evidence=Evidence(
            likeness=_highest(_of(likeness, among)) if cosines.any() else None,
            coverage=judged.share(_of(corpus.per_entry(judged.nearby), among)),
            speaker_lead=_lead(
                judged, _of(corpus.per_entry(judged.passages), among), _of(named, among) > 0
            ),
        ),
    )


def _centred(corpus: Corpus, values: Floats) -> Floats:
    """Return the values less their mean over all passages that the corpus stands for."""
    weights = None if corpus.weights is None else corpus.weights[corpus.entry]
    mean = values.mean() if weights is None else np.float32(np.average(values, weights=weights))
    centred: Floats = values - mean
    return centred


def _of(values: Floats, among: NDArray[np.bool_] | None) -> Floats:
    return values if among is None else values[among]


def _speakers(corpus: Corpus, query: Query) -> dict[int, Rows]:
    """Return, for each speaker the query names, the passages that speaker said."""
    found = {word.speaker: corpus.postings.rows(word.speaker)[0] for word in query.words}
    return {speaker: rows for speaker, rows in found.items() if len(rows)}


def _topics(query: Query, speakers: Mapping[int, Rows]) -> tuple[QueryWord, ...]:
    """Return the words that name no speaker, or all if nothing else is asked."""
    return tuple(w for w in query.words if w.speaker not in speakers) or query.words


def _highest(likeness: Floats) -> float:
    """Return the mean of the highest few: one in twenty, one at least and five at most."""
    few = min(5, max(1, len(likeness) // 20))
    return float(np.partition(likeness, len(likeness) - few)[len(likeness) - few :].mean())


def _lead(words: WordScores, said: Floats, named: NDArray[np.bool_]) -> float:
    """Return by how much the named speaker's best entry leads that of all others, as a share."""
    if not named.any() or named.all():
        return 0.0
    return words.share(said[named]) - words.share(said[~named])


def _cosines(corpus: Corpus, query: Query, among: NDArray[np.bool_] | None) -> Floats:
    """Return each passage's cosine to the query; the mean of the others while one is pending."""
    if query.vector is None or corpus.vectors is None:
        return np.zeros(corpus.passages, dtype=np.float32)
    cosines = corpus.vectors.cosines(query.vector, None if among is None else among[corpus.entry])
    pending = np.isnan(cosines)
    if pending.any():
        cosines[pending] = 0.0 if pending.all() else cosines[~pending].mean()
    return cosines


def _long(corpus: Corpus) -> Floats:
    """Return the logarithm of each entry's number of passages."""
    if corpus.passages == len(corpus.entries):
        return np.zeros(corpus.passages, dtype=np.float32)
    long: Floats = np.log(corpus.sizes()).astype(np.float32)
    return long


def _marks(corpus: Corpus, query: Query) -> dict[str, Floats]:
    by_assistant = (corpus.entries.role == ROLE_CODES["assistant"]).astype(np.float32)
    asked = query.asked
    nothing = np.zeros_like(by_assistant)
    return {
        "assistant": by_assistant,
        "assistant asked": by_assistant if asked.assistant else nothing,
        "time": _held(corpus, query.cues[TIME]) if asked.time else nothing,
        "number": _held(corpus, query.cues[NUMBER]) if asked.number else nothing,
        "standing": _held(corpus, query.cues[STANDING]),
        "date": nearness(corpus.entries.time, query.named),
    }


def _held(corpus: Corpus, term: int) -> Floats:
    """Return 1 for entries that have the term in any passage."""
    mark = np.zeros(len(corpus.entries), dtype=np.float32)
    mark[corpus.entry[corpus.postings.rows(term)[0]]] = 1
    return mark


def _said_by_named(corpus: Corpus, speakers: Mapping[int, Rows]) -> Floats:
    """Return 1 for what was said by the one speaker the query names; 0 if it names several."""
    mark = np.zeros(len(corpus.entries), dtype=np.float32)
    if len(speakers) == 1:
        mark[corpus.entry[next(iter(speakers.values()))]] = 1
    return mark


def _recency(corpus: Corpus, now: float, half_life: float | None) -> dict[str, Floats]:
    """Return 1 for what is said now, half of it after each half-life, 0 for unknown times."""
    if half_life is None:
        return {}
    age = np.maximum(now - corpus.entries.time, 0.0)
    fresh = np.where(np.isnan(age), 0.0, 0.5 ** (age / half_life))
    return {"recency": fresh.astype(np.float32)}

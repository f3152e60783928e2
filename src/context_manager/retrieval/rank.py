"""Decides in which order the entries answer a query, and says why stage by stage.

The one entry point of ranking: corpus and query in, frozen ranking out. All arithmetic is over
whole columns; nothing here reads a clock, a store or a text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from context_manager.retrieval.calibrate import COVERED_FROM, answerability, relevance
from context_manager.retrieval.corpus import ROLE_CODES, Corpus, Floats, Rows
from context_manager.retrieval.fuse import standardised, weighted_sum
from context_manager.retrieval.lexical import word_scores
from context_manager.retrieval.neighbours import around
from context_manager.retrieval.query import Query

WEIGHTS: Final[Mapping[str, float]] = {
    "words": 1.0,
    "vectors": 1.0,
    "user": 0.5,
}

WORDS_AROUND: Final = 0.3
VECTORS_AROUND: Final = 0.5
VECTORS_REACH: Final = 2

Rerank = Callable[[Query, Rows, Floats], Floats]
"""A reranker: new scores for the best entries, from the query, their rows and their scores."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a caller may weigh.

    Attributes:
        recency_weight: weight of recency, in standard deviations of the ranking score.
        half_life: seconds after which recency counts half.
        importance_weight: weight of importance, likewise.
        most: entries returned at most.
    """

    recency_weight: float = 0.0
    half_life: float = 30 * 86400.0
    importance_weight: float = 0.0
    most: int = 1000


@dataclass(frozen=True, slots=True)
class Ranking:
    """Entries by how well they answer, best first; all arrays have length k.

    Attributes:
        entries: int32 rows of the corpus's entries.
        passages: int32 rows of the best passage of each.
        scores: float32, the ranking score; descending.
        relevance: float32 in [0, 1], calibrated; descending.
        stages: by stage name, the float32 column that entered the score.
        answerability: estimated probability in [0, 1] that anything here answers.
        covered: whether ``answerability`` says that something does.
    """

    entries: Rows
    passages: Rows
    scores: Floats
    relevance: Floats
    stages: Mapping[str, Floats]
    answerability: float
    covered: bool

    def __len__(self) -> int:
        return len(self.entries)

    def explain(self, place: int) -> dict[str, float]:
        """Return the score of each stage of the entry at a place of the ranking."""
        return {name: float(column[place]) for name, column in self.stages.items()}


def rank(
    corpus: Corpus,
    query: Query,
    settings: Settings | None = None,
    *,
    eligible: NDArray[np.bool_] | None = None,
    rerank: Rerank | None = None,
) -> Ranking:
    """Return the entries that may be shown, best first.

    Args:
        corpus: what may be looked at; its statistics are those of all its entries.
        query: what is looked for.
        settings: the caller's weights.
        eligible: bool [e], which entries may be returned; None means all.
        rerank: new scores for the entries about to be returned; its result decides the order.
    """
    settings = settings or Settings()
    if not len(corpus.entries):
        return _nothing()
    lexical = word_scores(corpus, query)
    vectors = _vector_scores(corpus, query)
    columns = _columns(corpus, query, lexical.passages, vectors, settings)
    scores = weighted_sum(columns, _weights(settings))
    chosen = _best(scores, eligible, settings.most)
    best = answerability(float(scores[chosen[0]]) if len(chosen) else -9.0, lexical.coverage)
    if rerank is not None:
        columns = {**columns, "rerank": _reranked(query, chosen, scores, rerank)}
        scores = columns["rerank"]
        chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
    passage_score = standardised(lexical.passages) + standardised(vectors)
    return Ranking(
        entries=chosen,
        passages=corpus.best_passage(passage_score, chosen),
        scores=scores[chosen],
        relevance=relevance(scores[chosen]),
        stages={name: column[chosen] for name, column in columns.items()},
        answerability=best,
        covered=best >= COVERED_FROM,
    )


def _vector_scores(corpus: Corpus, query: Query) -> Floats:
    if query.vector is None or not corpus.vectors.shape[1]:
        return np.zeros(corpus.passages, dtype=np.float32)
    scores: Floats = corpus.vectors @ query.vector
    return scores


def _columns(
    corpus: Corpus, query: Query, words: Floats, vectors: Floats, settings: Settings
) -> dict[str, Floats]:
    said = corpus.per_entry(words)
    meant = corpus.per_entry(vectors)
    user = corpus.entries.role == ROLE_CODES["user"]
    return {
        "words": standardised(said + WORDS_AROUND * around(corpus, said)),
        "vectors": standardised(meant + VECTORS_AROUND * around(corpus, meant, VECTORS_REACH)),
        "user": user.astype(np.float32),
        "recency": _recency(corpus.entries.time, query.now, settings.half_life),
        "importance": corpus.entries.importance - np.float32(0.5),
    }


def _recency(time: NDArray[np.float64], now: float, half_life: float) -> Floats:
    """Return 1 for what is said now, half of it after each half-life, 0 for unknown times."""
    age = np.maximum(now - time, 0.0)
    fresh = np.where(np.isnan(age), 0.0, 0.5 ** (age / half_life))
    return fresh.astype(np.float32)


def _weights(settings: Settings) -> dict[str, float]:
    own = {"recency": settings.recency_weight, "importance": settings.importance_weight}
    return {**WEIGHTS, **own}


def _best(scores: Floats, eligible: NDArray[np.bool_] | None, most: int) -> Rows:
    """Return the rows of the highest scores, best first, older rows first among equals."""
    rows = np.arange(len(scores)) if eligible is None else np.flatnonzero(eligible)
    if len(rows) > most > 0:
        cut = np.partition(scores[rows], len(rows) - most)[len(rows) - most]
        rows = rows[scores[rows] >= cut]
    order = np.argsort(-scores[rows], kind="stable")[: max(most, 0)]
    return rows[order].astype(np.int32)


def _reranked(query: Query, chosen: Rows, scores: Floats, rerank: Rerank) -> Floats:
    changed = scores.copy()
    changed[chosen] = rerank(query, chosen, scores[chosen])
    return changed


def _nothing() -> Ranking:
    rows = np.zeros(0, dtype=np.int32)
    none = np.zeros(0, dtype=np.float32)
    return Ranking(rows, rows, none, none, {}, 0.0, False)

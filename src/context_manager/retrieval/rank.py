"""Decides in which order the entries answer a query, and says why stage by stage.

The one entry point of ranking: corpus and query in, frozen ranking out. All arithmetic is over
whole columns; nothing here reads a clock, a store or a text.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from context_manager.retrieval.calibrate import COVERED_FROM, answerability, relevance
from context_manager.retrieval.corpus import Corpus, Floats, Rows
from context_manager.retrieval.features import columns_of
from context_manager.retrieval.fuse import weighted_sum
from context_manager.retrieval.query import Query

WEIGHTS: Final[Mapping[str, float]] = {
    "words": 0.8,
    "vectors": 0.2,
    "vectors nearby": 0.6,
    "speaker": 2.6,
    "assistant": -2.6,
    "assistant asked": 1.8,
    "time": 1.9,
    "number": 1.0,
    "standing": 1.8,
    "date": 1.5,
    "long": -0.5,
}
"""Weight of each column of `features`: learned under a softmax loss over the entries of a
conversation, on conversations between people and with assistants together, and rounded. The
choice of columns was checked by leaving conversations out; these numbers are fitted to all."""

Rerank = Callable[[Query, Rows, Rows, Floats], Floats]
"""New scores for the best entries: from the query, the rows of the entries, the rows of their best
passages, and the scores so far, best first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a caller may weigh.

    Attributes:
        recency_weight: weight of recency, in standard deviations of the ranking score.
        half_life: seconds after which recency counts half.
        importance_weight: weight of importance, likewise.
        most: entries returned at most.
        cosines_known: whether the calibration was fitted on cosines of the model in use
            (`calibrate.knows`); otherwise relevance rests on words alone. The order is the same.
    """

    recency_weight: float = 0.0
    half_life: float = 30 * 86400.0
    importance_weight: float = 0.0
    most: int = 1000
    cosines_known: bool = True


@dataclass(frozen=True, slots=True)
class Ranking:
    """Entries by how well they answer, best first; all arrays have length k.

    Attributes:
        entries: int32 rows of the corpus's entries.
        passages: int32 rows of the best passage of each.
        scores: float32, the ranking score; descending.
        relevance: float32 in [0, 1], calibrated; descending.
        stages: by stage name, float32, what it added to the score; with a reranker, "rerank" is the
            score and the others are what led to its choice.
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

    def explain(self, place: int) -> Mapping[str, float]:
        """Return what each stage added to the score of the entry at a place of the ranking."""
        return _Added(self.stages, place)


class _Added(Mapping[str, float]):
    """One row of the stages, read when it is looked at: of most entries nobody asks."""

    __slots__ = ("_place", "_stages")

    def __init__(self, stages: Mapping[str, Floats], place: int) -> None:
        self._stages = stages
        self._place = place

    def __getitem__(self, name: str) -> float:
        return float(self._stages[name][self._place])

    def __iter__(self) -> Iterator[str]:
        return iter(self._stages)

    def __len__(self) -> int:
        return len(self._stages)


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
        corpus: what may be looked at; how rare a word is, all its entries tell.
        query: what is looked for.
        settings: the caller's weights.
        eligible: bool [e], which entries may be returned; None means all.
        rerank: new scores for the entries about to be returned; its result decides the order.
            Its scores may lie anywhere: each place keeps the relevance it had.
    """
    settings = settings or Settings()
    if not len(corpus.entries):
        return _nothing()
    if eligible is not None:
        if not eligible.any():
            return _nothing()
        eligible = None if eligible.all() else eligible
    half_life = settings.half_life if settings.recency_weight else None
    features = columns_of(corpus, query, half_life, eligible)
    columns = dict(features.columns)
    weights = _weights(settings)
    scores = weighted_sum(columns, weights)
    chosen = _best(scores, eligible, settings.most)
    rivals, numbers = scores, corpus.weights
    if eligible is not None:
        rivals, numbers = scores[eligible], None if numbers is None else numbers[eligible]
    evidence = features.evidence
    if not settings.cosines_known:
        evidence = replace(evidence, likeness=None)
    answered = answerability(evidence) if len(chosen) else 0.0
    relevances = relevance(scores[chosen], rivals, evidence, numbers)
    passages = corpus.best_passage(features.passages, chosen)
    if rerank is not None and len(chosen):
        columns["rerank"], weights["rerank"] = scores.copy(), 1.0
        columns["rerank"][chosen] = rerank(query, chosen, passages, scores[chosen])
        scores = columns["rerank"]
        order = np.argsort(-scores[chosen], kind="stable")
        chosen, passages = chosen[order], passages[order]
    return Ranking(
        entries=chosen,
        passages=passages,
        scores=scores[chosen],
        relevance=relevances,
        stages={
            name: np.float32(weights.get(name, 0.0)) * column[chosen]
            for name, column in columns.items()
        },
        answerability=answered,
        covered=answered >= COVERED_FROM,
    )


def _weights(settings: Settings) -> dict[str, float]:
    own = {"recency": settings.recency_weight, "importance": settings.importance_weight}
    return {**WEIGHTS, **own}


def _best(scores: Floats, eligible: NDArray[np.bool_] | None, most: int) -> Rows:
    """Return the rows of the highest scores, best first, older rows first among equals."""
    rivals = scores if eligible is None else scores[eligible]
    if len(rivals) > most > 0:
        cut = np.partition(rivals, len(rivals) - most)[len(rivals) - most]
        rows = np.flatnonzero(scores >= cut if eligible is None else eligible & (scores >= cut))
    else:
        rows = np.arange(len(scores)) if eligible is None else np.flatnonzero(eligible)
    order = np.argsort(-scores[rows], kind="stable")[: max(most, 0)]
    return rows[order].astype(np.int32)


def _nothing() -> Ranking:
    rows = np.zeros(0, dtype=np.int32)
    none = np.zeros(0, dtype=np.float32)
    return Ranking(rows, rows, none, none, {}, 0.0, False)

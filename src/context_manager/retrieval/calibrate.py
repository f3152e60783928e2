"""Decides what a ranking score is worth as a probability, and when nothing answers.

Two logistic curves over the same evidence: one says how likely the corpus answers the query at
all, the other how likely an entry is evidence for it, given its softmax share of all scores
(the weights of ranking were learned under that loss, so the share is nearly the odds).
The evidence is taken from raw cosines and word shares, not from scores standardised within the
corpus: the best of many irrelevant entries must not look relevant. Must not know how the
ranking score is made.

The constants were fitted on conversations between people and with assistants together, on
questions asked of their own and of wrong conversations, with the speakers' names and without,
and checked by leaving conversations out; `python -m bench.calibrate` fits them again. Those for
likeness hold for cosines of `FITTED_ON` alone. For another model, whose cosines lie elsewhere,
the caller hands in evidence without likeness, and the constants that need no vectors are used.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from context_manager.retrieval.corpus import Floats

FITTED_ON: Final = "all-MiniLM-L6-v2:384"
"""Part of the fingerprint of the models whose cosines the constants know."""

COVERED_FROM: Final = 0.5
"""A query is covered when its estimated probability of being answered reaches this."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the corpus answering the query.

    Attributes:
        likeness: mean cosine of the few entries most like the query, None without vectors of a
            model whose cosines are known.
        coverage: the best entry's share of the word sum the query could reach, in [0, 1];
            names of speakers left out.
        speaker_lead: by how much of that share the named speaker's best entry by itself leads
            the best entry of all others; negative when others said it; 0 if none is named.
    """

    likeness: float | None
    coverage: float
    speaker_lead: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Weights of a logistic curve over `Evidence` and the log of the softmax share."""

    likeness: float
    coverage: float
    speaker_lead: float
    share: float
    constant: float

    def logit(self, evidence: Evidence) -> float:
        """Return the log odds that the evidence alone gives."""
        return (
            self.likeness * (evidence.likeness or 0.0)
            + self.coverage * evidence.coverage
            + self.speaker_lead * evidence.speaker_lead
            + self.constant
        )


ANSWERED: Final = Curve(7.0, 7.3, 9.3, 0.0, -5.3)
ANSWERED_BY_WORDS: Final = Curve(0.0, 11.3, 9.8, 0.0, -3.0)
RELEVANT: Final = Curve(4.7, 1.4, 0.9, 1.0, -2.6)
RELEVANT_BY_WORDS: Final = Curve(0.0, 4.1, 1.3, 1.0, -1.0)


def relevance(
    scores: Floats, rivals: Floats, evidence: Evidence, weights: Floats | None = None
) -> Floats:
    """Return the calibrated relevance in [0, 1] of ranking scores; monotone.

    Args:
        scores: of the entries asked about.
        rivals: of all entries that compete, those asked about included.
        evidence: what speaks for the corpus.
        weights: float32, for how many each rival stands; None means one.
    """
    if not len(rivals):
        return scores
    curve = RELEVANT_BY_WORDS if evidence.likeness is None else RELEVANT
    best = float(rivals.max())
    shares = np.exp(rivals - np.float32(best))
    total = best + float(np.log((shares if weights is None else shares * weights).sum()))
    return _probability(curve.logit(evidence) + curve.share * (scores - total))


def knows(model: str) -> bool:
    """Whether the cosines of a model, by its fingerprint, are those the constants know."""
    return FITTED_ON in model


def answerability(evidence: Evidence) -> float:
    """Return the estimated probability in [0, 1] that any entry answers the query."""
    curve = ANSWERED_BY_WORDS if evidence.likeness is None else ANSWERED
    return float(_probability(np.full(1, curve.logit(evidence), dtype=np.float32))[0])


def _probability(odds: Floats) -> Floats:
    chance: Floats = (1.0 / (1.0 + np.exp(-np.clip(odds, -50, 50)))).astype(np.float32)
    return chance

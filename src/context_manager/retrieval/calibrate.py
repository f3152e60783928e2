"""Decides what a ranking score is worth as a probability, and when nothing answers.

The constants are fitted by ``bench/`` on conversations with known evidence. Must not know how
scores come about.
"""

import math

import numpy as np

from context_manager.retrieval.corpus import Floats

SLOPE = 1.0
MIDDLE = 5.0
"""Relevance is a logistic curve of the ranking score: 0.5 at ``MIDDLE``."""

COVERED_FROM = 0.5
"""A query is covered when its estimated probability of being answered reaches this."""


def relevance(scores: Floats) -> Floats:
    """Return the calibrated relevance in [0, 1] of ranking scores; monotone."""
    curve: Floats = 1.0 / (1.0 + np.exp(np.clip(-SLOPE * (scores - MIDDLE), -50, 50)))
    return curve.astype(np.float32)


def answerability(best: float, coverage: float) -> float:
    """Return the estimated probability that any entry answers the query.

    Args:
        best: the highest ranking score.
        coverage: share of the query's word weight found in the corpus, in [0, 1].
    """
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, best - MIDDLE + 2 * (coverage - 1)))))

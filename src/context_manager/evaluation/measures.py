"""Figures from answers: recall, rank measures, areas under curves, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from context_manager.records import MemoryEntry

RESAMPLES = 2000

Floats: TypeAlias = Sequence[float] | NDArray[np.float64]


def evidence_recall(gold: Sequence[MemoryEntry], shown: frozenset[str], prompt: str) -> float:
    """Share of the gold messages that are named in the slots and stand whole in the prompt."""
    found = sum(entry.id in shown and entry.text in prompt for entry in gold)
    return found / len(gold)


def recall_at(gold: Sequence[MemoryEntry], ranked: Sequence[str], k: int) -> float:
    """Share of the gold among the first k distinct messages."""
    first = set(list(dict.fromkeys(ranked))[:k])
    return sum(entry.id in first for entry in gold) / len(gold)


def auroc(positive: Floats, negative: Floats) -> float:
    """Chance that a positive scores higher than a negative, ties half (Mann-Whitney U)."""
    both = np.concatenate([positive, negative])
    order = np.argsort(both, kind="stable")
    ranks = np.empty(len(both))
    ranks[order] = np.arange(1, len(both) + 1)
    for value in np.unique(both):
        same = both == value
        ranks[same] = ranks[same].mean()
    wins = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def paired_interval(
    ours: Sequence[float], theirs: Sequence[float], seed: int = 0
) -> tuple[float, float, float]:
    """Mean difference per question and its 95 % bootstrap interval (paired resampling)."""
    difference = np.asarray(ours) - np.asarray(theirs)
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(difference), (RESAMPLES, len(difference)))
    means = difference[picks].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)

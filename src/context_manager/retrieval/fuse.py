"""Decides how scores of different kinds become one: standardised, weighted, summed.

Each column is brought to mean 0 and deviation 1 over the entries that compete, so that a
weight means the same for every corpus and every embedder. Rank fusion (RRF) throws away how
far apart scores are and measured 8 points worse. Must not know what the columns are.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from context_manager.retrieval.corpus import Floats


def standardised(
    values: Floats, among: NDArray[np.bool_] | None = None, weights: Floats | None = None
) -> Floats:
    """Return ``values`` with mean 0 and deviation 1; all zeros when they do not differ.

    Args:
        values: float32 [n].
        among: bool [n], those whose mean and deviation are taken; None means all.
        weights: float32 [n], how many each counts for; None means one.
    """
    measured = values if among is None else values[among]
    if not len(measured):
        return values
    mean, spread = measured.mean(), float(measured.std())
    if weights is not None:
        counted = weights if among is None else weights[among]
        mean = np.average(measured, weights=counted)
        spread = float(np.sqrt(np.average((measured - mean) ** 2, weights=counted)))
    if spread < 1e-9:
        return np.zeros_like(values)
    scaled: Floats = ((values - mean) / spread).astype(np.float32)
    return scaled


def weighted_sum(columns: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return the sum of the columns, each times its weight; columns without one are left out.

    Raises:
        ValueError: there is no column.
    """
    if not columns:
        raise ValueError("nothing to sum: give at least one column")
    total = np.zeros_like(next(iter(columns.values())))
    for name, column in columns.items():
        total += np.float32(weights.get(name, 0.0)) * column
    return total

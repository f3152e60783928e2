"""Vectors in memory, searched by NumPy alone: exact while they are few, bits first when many.

Decides from how many rows on bits choose whose cosine is computed. Below that every cosine is
exact.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from context_manager.index.columns import Matrix
from context_manager.index.protocol import Floats, Nearness
from context_manager.index.signs import FrozenSigns, Signs, corrected, estimates, nearest

EXACT_TO = 50_000
"""Rows up to which all cosines are computed: it takes a few milliseconds."""

RESCORED = 3000
"""Rows whose cosine is computed where bits choose them: of the true best ten, these hold all but
one in some hundred."""

SAMPLE = 1000
"""Rows that tell what a bit is worth."""


class ScannedVectors:
    """The vectors themselves, and their signs once there are many.

    Args:
        dimension: Numbers per vector.
        exact_to: Rows up to which every cosine is exact.
        rescored: Rows whose cosine is exact beyond that.
    """

    def __init__(
        self, dimension: int, *, exact_to: int = EXACT_TO, rescored: int = RESCORED
    ) -> None:
        self._matrix = Matrix(dimension)
        self._exact_to = exact_to
        self._rescored = rescored
        self._signs: Signs | None = None

    def __len__(self) -> int:
        return len(self._matrix)

    def extend(self, vectors: Floats) -> None:
        """Append rows; zeros for a pending one."""
        self._matrix.extend(vectors)

    def take(self, matrix: Matrix) -> None:
        """Append rows that nobody else will use; the first ones are not copied."""
        self._matrix.take(matrix)

    def fill(self, row: int, vector: Floats) -> None:
        """Write the vector of a row that was pending."""
        self._matrix.fill(row, vector)
        if self._signs is not None and row < len(self._signs):
            self._signs.fill(row, vector)

    def frozen(self, pending: Collection[int]) -> Nearness:
        """The rows there are now; those that are pending are given."""
        rows = self._matrix.rows
        waiting = np.fromiter(pending, dtype=np.intp, count=len(pending))
        if len(rows) <= self._exact_to:
            return _Exact(rows, waiting)
        if self._signs is None:
            # The mean of the first rows: the same in every process, however many came at once.
            self._signs = Signs(rows[: self._exact_to].mean(axis=0))
        self._signs.extend(rows[len(self._signs) :])
        return _Rescored(rows, waiting, self._signs.frozen(), self._rescored)


@dataclass(frozen=True, slots=True)
class _Exact:
    rows: Floats
    pending: NDArray[np.intp]

    def cosines(self, vector: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
        found: Floats = self.rows @ vector
        found[self.pending] = np.nan
        return found


@dataclass(frozen=True, slots=True)
class _Rescored:
    rows: Floats
    pending: NDArray[np.intp]
    signs: FrozenSigns
    rescored: int

    def cosines(self, vector: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
        agreement = self.signs.agreement(vector)
        some = np.arange(0, len(self.rows), max(1, len(self.rows) // SAMPLE))
        some = some[~np.isin(some, self.pending)]
        found = estimates(agreement, some, self.rows[some] @ vector)
        best = nearest(agreement, self.rescored, among)
        corrected(found, best, self.rows[best] @ vector)
        found[self.pending] = np.nan
        return found

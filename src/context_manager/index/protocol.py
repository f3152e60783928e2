"""What an index of vectors must do. Decides the seam and nothing else: no algorithm, no query.

Rows are passages of one partition, 0 to n-1 in the order in which they came. A row is never taken
out: what was forgotten lets the whole index be made anew, without it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from context_manager.index.columns import Matrix

Floats = NDArray[np.float32]


class Nearness(Protocol):
    """The vectors of an index as they were at one time."""

    def cosines(self, vector: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
        """Cosine of each row with a unit vector, NaN for rows that are pending.

        The rows that are nearest have it exactly, or as exactly as they are stored; others may
        have an estimate.

        Args:
            vector: float32 [d], unit length.
            among: bool [n], the rows that matter; None means all. The nearest are found among
                these, however few they are.

        Returns:
            float32 [n].
        """
        ...


class VectorIndex(Protocol):
    """Grows at the end. Its users see to it that only one of them writes at a time; what `frozen`
    gave may be asked meanwhile by others.
    """

    def __len__(self) -> int: ...

    def extend(self, vectors: Floats) -> None:
        """Append rows, float32 [m, d] of unit length; a row of zeros is pending."""
        ...

    def take(self, matrix: Matrix) -> None:
        """Append rows that nobody else will use, so that they need not be copied."""
        ...

    def fill(self, row: int, vector: Floats) -> None:
        """Write the vector of a row that was pending, or another one in its place."""
        ...

    def frozen(self, pending: Collection[int]) -> Nearness:
        """The rows there are now.

        Args:
            pending: Those that have no vector yet.
        """
        ...

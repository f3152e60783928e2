"""Arrays that grow at the end. Decides when to move to a larger block; knows no meaning of rows.

What `rows` returned stays valid and keeps its values while the array grows: growing copies into a
new block, or writes behind the end of every slice handed out before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_FIRST_CAPACITY = 256


class Column:
    """A growable one-dimensional array.

    Args:
        dtype: Type of its values.
        width: Length of each row for a two-dimensional array, None for one dimension.
    """

    def __init__(self, dtype: DTypeLike, width: int | None = None) -> None:
        self._tail = () if width is None else (width,)
        self._block: NDArray[Any] = np.zeros((0, *self._tail), dtype=dtype)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def extend(self, values: Any) -> None:
        """Append rows: anything that NumPy can turn into an array of this shape."""
        added = np.asarray(values, dtype=self._block.dtype).reshape(-1, *self._tail)
        size = self._size + len(added)
        if not len(self._block):
            self.reserve(max(_FIRST_CAPACITY, size))
        elif size > len(self._block):
            self._move(max(_FIRST_CAPACITY, size, min(2 * self._size, size + size // 4)))
        self._block[self._size : size] = added
        self._size = size

    def reserve(self, rows: int) -> None:
        """Make room for so many rows in all, and some more."""
        roomy = rows + rows // 16
        if roomy > len(self._block):
            self._move(roomy)

    def take(self, other: Column) -> None:
        """Append the rows of another one, which must not be used afterwards."""
        if self._size:
            self.extend(other.rows)
        else:
            self._block, self._size = other._block, other._size

    def _move(self, capacity: int) -> None:
        """Go on in a block of so many rows."""
        block = np.zeros((capacity, *self._tail), dtype=self._block.dtype)
        block[: self._size] = self._block[: self._size]
        self._block = block

    def replace(self, places: Sequence[int], values: Any) -> None:
        """Give these rows other values, in a new block."""
        self._block = self._block.copy()
        self._block[places] = values

    @property
    def rows(self) -> NDArray[Any]:
        """All rows, as a view."""
        return self._block[: self._size]


class Matrix(Column):
    """A growable float32 matrix of unit vectors, shape (rows, dimension); a zero row is pending."""

    def __init__(self, dimension: int) -> None:
        super().__init__(np.float32, dimension)
        self.dimension = dimension

    def fill(self, row: int, vector: NDArray[np.float32]) -> None:
        """Write the vector of a row that was pending."""
        self._block[row] = vector

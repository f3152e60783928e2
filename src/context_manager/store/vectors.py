"""The vectors of passages as they are read: by the hundred thousand, as rows of one matrix.

Decides how they are kept, and what stands for one that is missing. It knows no store.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from context_manager.errors import CorruptStoreError
from context_manager.index.columns import Matrix

_NUMBER = 4
"""Bytes of a number of a vector."""


class Vectors:
    """The vectors of passages as the rows of one matrix; zeros stand for one that is missing.

    Args:
        expected: How many there will be; there may be more.

    Attributes:
        missing: The places of None, ascending.
    """

    __slots__ = ("_expected", "_matrix", "_size", "missing")

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._matrix: Matrix | None = None  # while all are missing
        self._size = 0
        self.missing: list[int] = []

    def extend(self, values: Sequence[bytes | None]) -> None:
        """Add some at the end.

        Raises:
            CorruptStoreError: They differ in length.
        """
        given = [value for value in values if value is not None]
        if len(given) < len(values):
            self.missing += [at for at, value in enumerate(values, self._size) if value is None]
        if given:
            matrix = self.matrix(len(given[0]) // _NUMBER)
            blank = bytes(_NUMBER * matrix.dimension)
            packed = b"".join([blank if value is None else value for value in values])
            if len(packed) != len(blank) * len(values):
                raise CorruptStoreError("vectors of a model differ in length; verify() names them")
            matrix.extend(np.frombuffer(packed, dtype="<f4"))
        self._size += len(values)

    def matrix(self, dimension: int) -> Matrix:
        """All of them, of this dimension where all are missing; room for some more behind them."""
        if self._matrix is None:
            self._matrix = Matrix(dimension)
            self._matrix.reserve(max(self._expected, self._size))
        if len(self._matrix) < self._size:
            waiting = self._size - len(self._matrix)
            self._matrix.extend(np.zeros((waiting, self._matrix.dimension), dtype=np.float32))
        return self._matrix

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, place: int) -> bytes | None:
        place = range(self._size)[place]
        found = bisect_left(self.missing, place)
        if self._matrix is None or place in self.missing[found : found + 1]:
            return None
        row: bytes = self._matrix.rows[place].astype("<f4").tobytes()
        return row

    def __iter__(self) -> Iterator[bytes | None]:
        return map(self.__getitem__, range(self._size))

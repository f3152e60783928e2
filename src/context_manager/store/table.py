"""Rows by the hundred thousand, kept as columns: read as columns, or row by row.

Decides how they are kept; knows no store and no meaning. An object for each row and each of its
vectors would take more time than reading them, so rows are taken over a portion at a time, and
vectors become rows of a matrix at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from context_manager.errors import CorruptStoreError
from context_manager.index.columns import Matrix

R = TypeVar("R", bound=tuple[Any, ...])

_PORTION = 512
"""Rows taken over at a time: so few that they still lie in the processor's cache."""

_NUMBER = 4
"""Bytes of a number of a vector."""


class Table(Generic[R]):
    """Rows of one kind, in order.

    Args:
        kind: The named tuple that a row is.
        rows: The rows, as any tuples of its fields. A field ``vector`` holds bytes or None.
        expected: How many there will be, about.
    """

    __slots__ = ("_columns", "_kind")

    def __init__(self, kind: type[R], rows: Iterable[Sequence[Any]], expected: int = 0) -> None:
        self._kind = kind
        fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
        self._columns: dict[str, Any] = {
            field: Vectors(expected) if field == "vector" else [] for field in fields
        }
        waiting = iter(rows)
        while portion := list(islice(waiting, _PORTION)):
            columns = zip(*portion, strict=True)
            for column, values in zip(self._columns.values(), columns, strict=True):
                column.extend(values)

    def column(self, field: str) -> Any:
        """A column: a list, or `Vectors` of the field ``vector``; not to be changed."""
        return self._columns[field]

    def __getitem__(self, place: int) -> R:
        return self._kind._make(column[place] for column in self._columns.values())  # type: ignore[attr-defined, no-any-return]

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __iter__(self) -> Iterator[R]:
        return map(self._kind._make, zip(*self._columns.values(), strict=True))  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Table({list(self)})"

    def only(self, wanted: Callable[[R], bool]) -> Table[R]:
        """The rows that are wanted."""
        return Table(self._kind, [row for row in self if wanted(row)])


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

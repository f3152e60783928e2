"""Rows by the hundred thousand, kept as columns: read as columns, or row by row.

Decides how they are kept; knows no store and no meaning. An object for each row and each of its
vectors would take more time than reading them, so rows are taken over a portion at a time, and
vectors become rows of a matrix at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from context_manager.store.vectors import Vectors

R = TypeVar("R", bound=tuple[Any, ...])

_PORTION = 512
"""Rows taken over at a time: so few that they still lie in the processor's cache."""


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
            field: _vectors(expected) if field == "vector" else [] for field in fields
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


def _vectors(expected: int) -> Vectors:
    """Imports what computes when there is something to compute."""
    from context_manager.store.vectors import Vectors

    return Vectors(expected)

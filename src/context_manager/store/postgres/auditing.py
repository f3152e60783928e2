"""Whether the database still holds what was written to it, row by row.

The server notices damage to its pages at most, and nobody's hand in its tables; so every row of
content carries a checksum, and here they are all computed anew. This file only reads and reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from context_manager.records import Partition
from context_manager.store.codec import checksum
from context_manager.store.moving import PORTION
from context_manager.store.postgres.connections import Connection, Connections
from context_manager.store.postgres.faults import translated
from context_manager.store.postgres.queries import AUDIT, MOVING, QUERIES
from context_manager.store.postgres.transaction import NOBODY, Place
from context_manager.store.upkeep import CHECKED_TABLES, Damage, Verdict

_LINKS = {
    "passage_orphans": ("passages", "belongs to no entry"),
    "vector_orphans": ("vectors", "belongs to no passage"),
    "empty_turns": ("turns", "has no message"),
    "lost_messages": ("entries", "is a message of no turn"),
    "late_sessions": ("sessions", "would use a seq again"),
    "late_partition": ("partitions", "is older than its rows"),
    "miscounted": ("partitions", "counts its rows wrongly"),
}

_UNREADABLE = (psycopg.DataError, psycopg.InternalError, ValueError, TypeError)
"""What a damaged page, or a text that is none any more, shows itself by."""


class Auditor:
    """Checks everything that a schema holds.

    Args:
        connections: Lends connections.
        place_of: Where the transactions of a partition work.
        secret: The key of the checksums.
    """

    def __init__(
        self, connections: Connections, place_of: Callable[[Partition], Place], secret: bytes
    ) -> None:
        self._connections = connections
        self._place_of = place_of
        self._secret = secret

    def verify(self) -> Verdict:
        """Check every row against its checksum and its neighbours, each user's from one state.

        Rows of earlier versions have no checksum; of them the links are checked.
        """
        found: list[Damage] = []
        rows = 0
        with translated(self._connections.location), self._connections.connect() as connection:
            with self._state(connection, NOBODY, "enter_listing"):
                holders = sorted(map(Partition._make, connection.execute(MOVING["holders"])))
            for partition in holders:
                with self._state(connection, partition) as place:
                    check = _Check(connection, place, self._secret, found)
                    rows += sum(check.rows(table) for table in CHECKED_TABLES)
                    check.links()
        return Verdict(rows, tuple(found))

    @contextmanager
    def _state(
        self, connection: Connection, partition: Partition, enter: str = "enter"
    ) -> Iterator[Place]:
        """A transaction that sees one state of a partition."""
        place = self._place_of(partition)
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute(QUERIES[enter], place.values)
            yield place


class _Check:
    """Looks through one partition and writes down what is wrong."""

    def __init__(
        self, connection: Connection, place: Place, secret: bytes, found: list[Damage]
    ) -> None:
        self._connection = connection
        self._place = place
        self._secret = secret
        self._found = found

    def rows(self, table: str) -> int:
        """Check the rows of a table; how many could be read."""
        count = 0
        with self._reading(table):
            for name, *values, held in self._asked(table):
                count += 1
                if held is not None and held != self._sum(values):
                    self._tell(table, name, "differs from its checksum")
        return count

    def links(self) -> None:
        """Check that what belongs together is there."""
        for name, (table, problem) in _LINKS.items():
            with self._reading(table):
                for (identifier,) in self._asked(name):
                    self._tell(table, identifier, problem)
        with self._reading("sources"):
            self._sources()

    def _sources(self) -> None:
        named = {
            (key, source): identifier
            for key, identifier, packed in list(self._asked("named_sources"))
            for source in json.loads(packed)
        }
        found = set(self._asked("sources"))
        for key in named.keys() - found:
            self._tell("sources", named[key], "names a source under which it is not found")
        for _, source in found - named.keys():
            self._tell("sources", source, "names a source that its entry does not name")

    def _asked(self, name: str) -> Iterator[tuple[Any, ...]]:
        with self._connection.cursor(f"audit_{name}") as cursor:
            cursor.itersize = PORTION
            yield from cursor.execute(AUDIT[name], self._place.values, binary=True)

    def _sum(self, values: list[Any]) -> bytes:
        return checksum(self._secret, self._place.partition, *values)

    def _tell(self, table: str, identifier: str | None, problem: str) -> None:
        self._found.append(Damage(table, self._place.partition, identifier or "?", problem))

    @contextmanager
    def _reading(self, table: str) -> Iterator[None]:
        """Go on after what cannot be read, and say so without repeating it."""
        try:
            with self._connection.transaction():
                yield
        except _UNREADABLE as error:
            self._tell(table, None, f"cannot be read ({type(error).__name__})")

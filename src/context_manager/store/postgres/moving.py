"""The rows of a partition as `store.moving` wants them, out of this back end and into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from typing import Any

from context_manager.records import Partition
from context_manager.store.codec import ENTRY_COLUMNS
from context_manager.store.moving import PORTION, TABLES, Check, Row, portions
from context_manager.store.postgres.altering import Alterations
from context_manager.store.postgres.connections import Connection, Connections
from context_manager.store.postgres.faults import translated
from context_manager.store.postgres.queries import MOVING, QUERIES
from context_manager.store.postgres.transaction import NOBODY, Place
from context_manager.store.probe import silent
from context_manager.store.protocol import VectorUpdate, Version

_ID = 1 + ENTRY_COLUMNS.index("id")
_SOURCES = 1 + ENTRY_COLUMNS.index("source_ids")
"""Where a row of an entry holds these."""


def rows_of(connection: Connection, place: Place) -> Iterator[Row]:
    """Every row of a partition, a few at a time; inside a transaction that has entered it."""
    for table in TABLES:
        with connection.cursor(f"taken_{table}") as cursor:
            cursor.itersize = PORTION
            cursor.execute(MOVING[f"take_{table}"], place.values, binary=True)
            for row in cursor:
                yield Row(table, row)


class PostgresMover:
    """Takes memory out of a schema and puts it in.

    Args:
        connections: Lends connections.
        place_of: Where the transactions of a partition work.
        wrote: Is told of whom something was put in.
    """

    def __init__(
        self,
        connections: Connections,
        place_of: Callable[[Partition], Place],
        wrote: Callable[[Partition], None],
    ) -> None:
        self._connections = connections
        self._place_of = place_of
        self._wrote = wrote

    @property
    def location(self) -> str:
        """The address of the database, without user and password."""
        return self._connections.location

    def holders(self) -> list[Partition]:
        """Every partition that has a row of any kind, sorted."""
        with self._transaction(NOBODY, "enter_listing") as connection:
            return sorted(map(Partition._make, connection.execute(MOVING["holders"])))

    @contextmanager
    def taken_out(self, partition: Partition) -> Iterator[Iterator[Row]]:
        """Every row of a partition, from one state of the database."""
        with self._transaction(partition) as connection:
            yield rows_of(connection, self._place_of(partition))

    def put_in(self, partition: Partition, rows: Iterable[Row], check: Check) -> None:
        """Write these rows in the place of all that the partition holds, in one transaction."""
        secret = self.secret()
        place = self._place_of(partition)
        try:
            with self._transaction(partition, writes=True) as connection:
                Arrival(connection, place, secret, silent).put_in(rows, check, place)
        finally:
            self._wrote(partition)

    def secret(self) -> bytes:
        """The key of all hashes, as it is now."""
        with self._transaction(NOBODY) as connection:
            found = connection.execute(QUERIES["secret"], binary=True).fetchone()
        return bytes(found[0]) if found else b""

    def adopt(self, secret: bytes) -> bool:
        """Take over a key of all hashes, if there is no memory."""
        with self._transaction(NOBODY, "enter_listing", writes=True) as connection:
            found = connection.execute(MOVING["adopt"], {"secret": secret}).fetchone()
        return found is not None

    @contextmanager
    def _transaction(
        self, partition: Partition, enter: str = "enter", *, writes: bool = False
    ) -> Iterator[Connection]:
        """A transaction on a connection of its own, for what may take long."""
        mode = "READ COMMITTED READ WRITE" if writes else "REPEATABLE READ READ ONLY"
        with (
            translated(self.location),
            self._connections.connect() as connection,
            connection.transaction(),
        ):
            connection.execute(f"SET TRANSACTION ISOLATION LEVEL {mode}")
            connection.execute(QUERIES[enter], self._place_of(partition).values)
            yield connection


class Arrival(Alterations):
    """The rows of one partition as they arrive; use once, in a transaction without a pipeline."""

    _keys: dict[str, int]

    def put_in(self, rows: Iterable[Row], check: Check, place: Place) -> None:
        """Write the rows in the place of those that are there, and have them checked."""
        self._erase()
        self._many("erase_done", [self._owner])
        self._keys = {}
        for table, group in groupby(rows, key=attrgetter("table")):
            for portion in portions(row.values for row in group):
                self._put(table, portion)
        self._set_partition(self._before)
        check(rows_of(self._connection, place))

    def _put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        match table:
            case "version":
                change, epoch = rows[0]
                self._before = Version(change, epoch + self._fork)
            case "session":
                self._many(
                    "set_next_seq",
                    [(*self._owner, name, self._take_key(), seq) for name, seq in rows],
                )
            case "turn":
                self._many("put_turn", [self._turn_row(row) for row in rows])
            case "entry":
                self._put_entries(rows)
            case "passage":
                self._many(
                    "insert_passage",
                    [(*self._owner, *self._summed(self._keys[row[0]], *row[1:])) for row in rows],
                )
            case "vector":
                self._write_vectors(
                    [
                        (self._keys[identifier], VectorUpdate(identifier, ordinal, data, model))
                        for identifier, ordinal, model, data in rows
                    ]
                )
            case "line":
                self._lines += len(rows)
                self._many(
                    "insert_line",
                    [(*self._owner, *self._summed(self._take_key(), *row)) for row in rows],
                )
            case _:
                self._many("put_done", [(*self._owner, *row) for row in rows])

    def _turn_row(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        *values, total = self._summed(*row[:-1])
        return (*self._owner, *values, bool(row[-1]), total)

    def _put_entries(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._entries += len(rows)
        keyed = [(self._take_key(), row) for row in rows]
        self._keys.update({row[_ID]: key for key, row in keyed})
        self._many("insert_entry", [self._entry_row(key, row[0], row[1:]) for key, row in keyed])
        self._many(
            "insert_source",
            [
                (*self._owner, source, key)
                for key, row in keyed
                for source in json.loads(row[_SOURCES])
            ],
        )

"""The rows of a partition as `store.moving` wants them, out of this back end and into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

import apsw

from context_manager.records import Partition
from context_manager.store.codec import ENTRY_COLUMNS
from context_manager.store.moving import TABLES, Check, Row, portions
from context_manager.store.probe import silent
from context_manager.store.protocol import VectorUpdate, Version
from context_manager.store.sqlite import reads
from context_manager.store.sqlite.altering import Alterations
from context_manager.store.sqlite.queries import MOVING, QUERIES
from context_manager.store.sqlite.transaction import committing

Lend: TypeAlias = Callable[[], AbstractContextManager[apsw.Connection]]

_ID = 1 + ENTRY_COLUMNS.index("id")
_SOURCES = 1 + ENTRY_COLUMNS.index("source_ids")
"""Where a row of an entry holds these."""


def rows_of(connection: apsw.Connection, number: int) -> Iterator[Row]:
    """Every row of a partition, given its number; inside a transaction."""
    for table in TABLES:
        for row in connection.execute(MOVING[f"take_{table}"], {"p": number}):
            yield Row(table, row)


class SQLiteMover:
    """Takes memory out of a file and puts it in.

    Args:
        location: The file.
        writer: Lends the connection that may write.
        reader: Lends one that sees one state of the file.
    """

    def __init__(self, location: str, writer: Lend, reader: Lend) -> None:
        self.location = location
        self._writer = writer
        self._reader = reader

    def holders(self) -> list[Partition]:
        """Every partition that has a row of any kind, sorted."""
        with self._reader() as connection:
            return sorted(map(Partition._make, connection.execute(MOVING["holders"])))

    @contextmanager
    def taken_out(self, partition: Partition) -> Iterator[Iterator[Row]]:
        """Every row of a partition, from one state of the file."""
        with self._reader() as connection:
            found = connection.execute(QUERIES["partition"], partition).fetchone()
            yield rows_of(connection, found[0]) if found else iter(())

    def put_in(self, partition: Partition, rows: Iterable[Row], check: Check) -> None:
        """Write these rows in the place of all that the partition holds, in one transaction."""
        secret = self.secret()
        with self._writer() as connection, committing(connection, silent):
            Arrival(connection, partition, secret, silent).put_in(rows, check)

    def secret(self) -> bytes:
        """The key of all hashes, as it is now."""
        with self._reader() as connection:
            return reads.secret(connection)

    def adopt(self, secret: bytes) -> bool:
        """Take over a key of all hashes, if there is no memory."""
        with self._writer() as connection, committing(connection, silent):
            connection.execute(MOVING["adopt"], (secret,))
            return connection.changes() > 0


class Arrival(Alterations):
    """The rows of one partition as they arrive; use once, inside `transaction.committing`."""

    _keys: dict[str, int]

    def put_in(self, rows: Iterable[Row], check: Check) -> None:
        """Write the rows in the place of those that are there, and have them checked."""
        self._erase()
        self._run("erase_done", (self._id,))
        self._keys = {}
        for table, group in groupby(rows, key=attrgetter("table")):
            for portion in portions(row.values for row in group):
                self._put(table, portion)
        self._run("set_next_key", (self._next_key,))
        if self._erased:
            self._run("mark_erased")
        check(rows_of(self._connection, self._id))

    def _put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        match table:
            case "version":
                version = Version(*rows[0])
                self._run("set_version", {**version._asdict(), "p": self._id})
            case "session":
                self._many(
                    "set_next_seq",
                    [(self._id, name, self._take_key(), seq) for name, seq in rows],
                )
            case "turn":
                self._many("put_turn", [(self._id, *row, self._sum(*row[:-1])) for row in rows])
            case "entry":
                self._put_entries(rows)
            case "passage":
                self._many(
                    "insert_passage",
                    [self._passage_row(self._keys[row[0]], row[1], row[2:]) for row in rows],
                )
            case "vector":
                self._many(
                    "set_vector",
                    [
                        self._vector_row(
                            self._keys[identifier], VectorUpdate(identifier, ordinal, data, model)
                        )
                        for identifier, ordinal, model, data in rows
                    ],
                )
            case "line":
                numbered = [(self._take_key(), row) for row in rows]
                self._many(
                    "insert_line",
                    [(number, self._id, *row, self._sum(number, *row)) for number, row in numbered],
                )
            case _:
                self._many("insert_done", [(self._id, *row) for row in rows])

    def _put_entries(self, rows: Sequence[tuple[Any, ...]]) -> None:
        keyed = [(self._take_key(), row) for row in rows]
        self._keys.update({row[_ID]: key for key, row in keyed})
        self._many(
            "insert_entry",
            [(key, self._id, *row, self._sum(key, *row[1:])) for key, row in keyed],
        )
        self._many(
            "insert_source",
            [(self._id, source, key) for key, row in keyed for source in json.loads(row[_SOURCES])],
        )

"""A write transaction, and the statements within it that every step of a change uses.

This file decides when a transaction is committed and that each statement passes the probe. It knows
neither locks nor files, and not what a change is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

from context_manager.records import Partition
from context_manager.store.codec import checksum, key_digest
from context_manager.store.intake import conflict
from context_manager.store.probe import Probe
from context_manager.store.protocol import Version
from context_manager.store.sqlite.queries import STATEMENTS


@contextmanager
def committing(connection: apsw.Connection, probe: Probe) -> Iterator[None]:
    """A write transaction: committed when the block ends, rolled back when it raises.

    A block that found nothing to write may roll back itself.
    """
    probe("begin")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        if not connection.in_transaction:
            return
        probe("commit")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    probe("committed")


@contextmanager
def unsynced(connection: apsw.Connection) -> Iterator[None]:
    """What is committed meanwhile survives the process, but perhaps no loss of power.

    What was committed before is safe: the log loses its end only, and never leaves a gap.
    """
    before = connection.pragma("synchronous")
    connection.pragma("synchronous", "NORMAL")
    try:
        yield
    finally:
        connection.pragma("synchronous", before)


class Steps:
    """One transaction on one partition: its statements, its keys, its checksums.

    Args:
        connection: The writer, in a transaction.
        partition: Whose memory is changed.
        secret: The key of the store's hashes.
        probe: Called with the name of each statement before it runs.
    """

    def __init__(
        self, connection: apsw.Connection, partition: Partition, secret: bytes, probe: Probe
    ) -> None:
        self._connection = connection
        self._partition = partition
        self._secret = secret
        self._probe = probe
        self._models: dict[str, tuple[int, int]] = {}
        self._id, version, next_key = self._open_partition()
        self._before = version
        self._now = version.change + 1
        self._next_key = self._first_key = next_key
        self._erased = False
        self._untouched = connection.total_changes()

    def _run(self, name: str, values: Sequence[Any] | dict[str, Any] = ()) -> apsw.Cursor:
        self._probe(name)
        return self._connection.execute(STATEMENTS[name], values)

    def _one(self, name: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        return next(self._run(name, values))

    def _many(self, name: str, rows: Iterable[Sequence[Any]]) -> None:
        self._probe(name)
        self._connection.executemany(STATEMENTS[name], rows)

    def _open_partition(self) -> tuple[int, Version, int]:
        found = self._run("partition", self._partition).fetchone()
        if found is None:
            self._run("insert_partition", self._partition)
            found = self._one("partition", self._partition)
        number, change, epoch, next_key = found
        return number, Version(change, epoch), next_key

    def _take_key(self) -> int:
        self._next_key += 1
        return self._next_key - 1

    def _idle(self) -> bool:
        """Whether nothing was written yet, but perhaps the name of the partition."""
        return self._connection.total_changes() == self._untouched

    def _refuse(self, name: str, ids: Sequence[str] | Sequence[int], kind: str) -> None:
        """Raise `ConflictError` for the ids that the statement finds among these."""
        if ids:
            rows = self._run(name, {"p": self._id, "ids": json.dumps(ids)})
            stale = [identifier for (identifier,) in rows]
            if stale:
                raise conflict(stale, kind)

    def _sum(self, *values: Any) -> bytes:
        return checksum(self._secret, self._partition, *values)

    def _digest(self, key: str) -> bytes:
        return key_digest(self._secret, key)

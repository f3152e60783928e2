"""A write transaction, and the statements within it that every step of a change uses.

This file decides when a transaction is committed, what is known when its end was not heard, and
that each statement passes the probe. It knows no pool, and not what a change is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from context_manager.records import Partition
from context_manager.store.codec import checksum, key_digest
from context_manager.store.intake import conflict
from context_manager.store.postgres.connections import Connection
from context_manager.store.postgres.faults import may_pass
from context_manager.store.postgres.queries import QUERIES, STATEMENTS
from context_manager.store.probe import Probe
from context_manager.store.protocol import Version

NOBODY = Partition("", "", "")
"""For a transaction that is about no partition."""

_TOKEN_BYTES = 12

_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"


class UnheardCommitError(Exception):
    """The connection was lost after the commit was asked for: it may have been done or not."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transaction works.

    Args:
        schema: The schema that holds the tables.
        partition: Whose memory.
        durability: "full" or "normal".
        timeout: Seconds to wait for a lock.
        fork: On a standby, what its primary adds to every epoch.
    """

    schema: str
    partition: Partition
    durability: str = "full"
    timeout: float = 10.0
    fork: int = 0

    @property
    def values(self) -> dict[str, Any]:
        """What every statement may name."""
        tenant, user, agent = self.partition
        return {
            "schema": self.schema,
            "tenant": tenant,
            "user": user,
            "agent": agent,
            "fork": self.fork,
        }


@contextmanager
def committing(connection: Connection, place: Place, probe: Probe) -> Iterator[None]:
    """A write transaction: committed when the block ends, rolled back when it raises.

    Raises:
        UnheardCommitError: See there.
    """
    probe("begin")
    asked = False
    try:
        # The last statements and the commit are sent together; leaving waits for their answers.
        with connection.pipeline():
            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            connection.execute(_LOCK_TIMEOUT, (f"{int(place.timeout * 1000)}ms",))
            if place.durability == "normal":
                connection.execute("SET LOCAL synchronous_commit = off")
            connection.execute(QUERIES["enter"], place.values)
            yield
            probe("commit")
            asked = True
            connection.execute("COMMIT")
    except psycopg.Error as error:
        if asked and may_pass(error):
            raise UnheardCommitError from error
        raise
    probe("committed")


def look_back(
    connection: Connection, place: Place, ids: Sequence[str]
) -> tuple[bytes | None, bool]:
    """Who wrote a partition last, and whether one of these entries is there.

    It waits for whoever is still writing, so a transaction whose end was not heard has ended.
    """
    with connection.transaction(), connection.pipeline():
        connection.execute(QUERIES["enter"], place.values)
        values = place.values
        found = connection.execute(QUERIES["lock_partition"], values, binary=True).fetchone()
        if found is None:
            return None, False
        part, *_, writer = found
        named = {**values, "part": part, "ids": list(ids)}
        known = connection.execute(QUERIES["known_entries"], named).fetchone()
    return (None if writer is None else bytes(writer)), known is not None


class Steps:
    """One transaction on one partition: its statements, its keys, its checksums.

    Args:
        connection: In a transaction.
        place: Where it works.
        secret: The key of the store's hashes.
        probe: Called with the name of each statement before it runs.
    """

    def __init__(self, connection: Connection, place: Place, secret: bytes, probe: Probe) -> None:
        self._connection = connection
        self._partition = place.partition
        self._secret = secret
        self._probe = probe
        self._values = place.values
        self.token = secrets.token_bytes(_TOKEN_BYTES)
        self.found_writer = self._open_partition()
        self._now = self._before.change + 1
        self._wrote = False

    def _run(self, name: str, **values: Any) -> psycopg.Cursor[Any]:
        self._probe(name)
        return self._connection.execute(STATEMENTS[name], {**self._values, **values}, binary=True)

    def _many(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            self._probe(name)
            with self._connection.cursor() as cursor:
                cursor.executemany(STATEMENTS[name], rows)

    def _open_partition(self) -> bytes | None:
        """Lock the partition's row, made if it is missing; returns who wrote last."""
        found = self._run("lock_partition").fetchone()
        self._made = found is None
        if found is None:
            self._run("insert_partition")
            found = self._run("lock_partition").fetchone()
        assert found is not None  # noqa: S101 - inserted by us or by another
        part, change, epoch, self._next_key, self._entries, self._lines, self._fork, writer = found
        self._values["part"] = part
        self._owner = (self._partition.tenant_id, part)
        self._before = Version(change, epoch + self._fork)
        return None if writer is None else bytes(writer)

    def _take_key(self) -> int:
        self._next_key += 1
        return int(self._next_key) - 1

    def _set_partition(self, version: Version) -> None:
        """Write down the version and the counts."""
        self._run(
            "set_partition",
            change=version.change,
            epoch=version.epoch - self._fork,
            next_key=self._next_key,
            entries=self._entries,
            lines=self._lines,
            writer=self.token,
        )

    def _refuse(self, name: str, kind: str, **values: Any) -> None:
        """Raise `ConflictError` for the ids that the statement finds."""
        stale = [identifier for (identifier,) in self._run(name, **values)]
        if stale:
            raise conflict(stale, kind)

    def _digest(self, key: str) -> bytes:
        return key_digest(self._secret, key)

    def _summed(self, *values: Any) -> tuple[Any, ...]:
        """The values of a row, and their checksum."""
        return (*values, checksum(self._secret, self._partition, *values))

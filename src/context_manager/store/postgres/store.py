"""The PostgreSQL store: the `Store` protocol over one schema of a database.

This file decides that every read sees one state of the database, and what is done when the end of a
write was not heard. What is read stands in `reads`, what is written in `writes`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from context_manager.errors import StoreError
from context_manager.records import MemoryEntry, Partition, Scope, Turn
from context_manager.store.intake import all_drafts, check_change
from context_manager.store.postgres import reads, schema
from context_manager.store.postgres.auditing import Auditor
from context_manager.store.postgres.connections import IMPATIENT, Connection, Connections
from context_manager.store.postgres.faults import translated
from context_manager.store.postgres.finder import PostgresFinder
from context_manager.store.postgres.moving import PostgresMover
from context_manager.store.postgres.options import (
    Conninfo,
    Durability,
    Options,
    standby_of,
    understood,
    with_setting,
)
from context_manager.store.postgres.queue import PostgresQueue
from context_manager.store.postgres.reading import SILENCE, Reading
from context_manager.store.postgres.reads import Reader
from context_manager.store.postgres.transaction import (
    NOBODY,
    Place,
    UnheardCommitError,
    committing,
    look_back,
)
from context_manager.store.postgres.writes import Writing
from context_manager.store.probe import Probe, probe_from
from context_manager.store.protocol import (
    Applied,
    Change,
    EntryFilter,
    LedgerLine,
    Pending,
    Rows,
    Version,
)
from context_manager.store.upkeep import Facts, Verdict

T = TypeVar("T")


class PostgresStore:
    """Keeps everything in one schema of a database that any number of processes may share.

    Every option may also stand in the address, beside those of libpq; what stands there is what
    holds: ``postgresql://keeper@db/memory?read=standby1,standby2&pool_size=4``.

    Args:
        dsn: Where the database is, as libpq reads it: ``postgresql://user:password@host/name``.
            Several hosts with ``target_session_attrs=read-write`` find the primary by themselves.
        schema: Name of the schema that holds the tables; made with them if it is missing.
        durability: "full" leaves it to the server when a commit is acknowledged (as a rule, when
            it is on the disk); "normal" does not wait for the disk, so that a crash of the server
            may undo the last commits (never leave a gap).
        synchronous_commit: Says exactly what a commit waits for, as the server's setting of this
            name: "remote_apply" until every synchronous standby shows it. None goes by
            ``durability``.
        pool_size: Connections at most, per process, and as many to standbys.
        timeout: Seconds to wait for a connection, for another process, and for a server that
            restarts or is replaced, before an error is raised.
        statement_timeout: Seconds after which the server gives up a statement; None leaves that
            to the server.
        hash_partitions: Into how many pieces, by tenant, tables are divided when they are made.
            More pieces make planning every statement dearer.
        read: Streaming standbys that answer reads as far as they have come: an address, or
            ``host:port`` of one or more; what it does not say is as in ``dsn``. See `reading`.
        probe: Called with the name of each step of a write before it; for crash tests. None
            asks the environment variable CM_CRASH_AT.

    Raises:
        ConfigError: An option is unknown or out of its range.
        StoreError: The database cannot be reached or used; the message names it.
        SchemaError: A newer version wrote it.
    """

    def __init__(
        self,
        dsn: str,
        *,
        schema: str = "context_manager",
        durability: Durability = "full",
        synchronous_commit: str | None = None,
        pool_size: int = 8,
        timeout: float = 10.0,
        statement_timeout: float | None = None,
        hash_partitions: int = 8,
        read: str | None = None,
        probe: Probe | None = None,
    ) -> None:
        given = Options(
            schema, durability, synchronous_commit, pool_size, timeout, statement_timeout,
            hash_partitions, read,
        )  # fmt: skip
        conninfo, self._options = understood(dsn, given)
        if self._options.synchronous_commit is not None:
            level = self._options.synchronous_commit
            conninfo = with_setting(conninfo, "synchronous_commit", level)
        self._probe = probe_from(os.environ) if probe is None else probe
        self._connections = self._connecting(conninfo)
        self._secret = self._made_ready()
        self._standby = None
        if self._options.read is not None:
            standby = standby_of(IMPATIENT | conninfo, self._options.read)
            self._standby = self._connecting(standby, min(SILENCE, self._options.timeout))
        self.reading = Reading(self._connections, self._standby)
        self.queue = PostgresQueue(self._connections, self._options.schema)
        self.mover = PostgresMover(self._connections, self._place, self.reading.wrote)
        self._auditor = Auditor(self._connections, self._place, self._secret)
        self.finder = PostgresFinder(self._connections, self._place, self._read, self.reading.wrote)

    @property
    def location(self) -> str:
        """The address of the database, without user and password."""
        return self._connections.location

    def apply(self, partition: Partition, change: Change) -> Applied:
        """Do a change atomically; when it returns, it is committed.

        A connection that is lost before the commit is replaced and the change done there; one that
        is lost while the commit is under way, and then it is looked up whether that was done.
        """
        check_change(partition, change)
        place = self._place(partition)
        tried: list[tuple[Writing, Applied]] = []
        try:
            while True:
                try:
                    with translated(self.location):
                        return self._connections.run(lambda c: self._apply(c, place, change, tried))
                except UnheardCommitError as error:
                    writing, applied = tried[-1]
                    if self._was_done(place, writing, change, error):
                        return applied
        finally:
            self.reading.wrote(partition)

    def version(self, partition: Partition) -> Version:
        """The present version; (0, 0) of a partition never written."""
        return self._read(partition, reads.version, newest=True)

    def rows(self, partition: Partition, model: str, since: int = 0) -> Rows:
        """Rows changed after ``since``, an entry with all its passages when any of them changed."""
        return self._read(partition, lambda reader: reads.rows(reader, model, since))

    def entries(self, partition: Partition, ids: Sequence[str]) -> list[MemoryEntry]:
        """The entries with these ids that exist, in the order asked, without embeddings."""
        return self._read(partition, lambda reader: reads.entries(reader, ids))

    def vectors(self, partition: Partition, ids: Sequence[str], model: str) -> dict[str, bytes]:
        """The vector of each entry's first passage, for those that have one of this model."""
        return self._read(partition, lambda reader: reads.vectors(reader, ids, model))

    def find(
        self, partition: Partition, where: EntryFilter, *, after: int = 0, limit: int | None = None
    ) -> list[tuple[int, MemoryEntry]]:
        """Entries that match, with their keys, oldest first, from key ``after`` on."""
        return self._read(partition, lambda reader: reads.find(reader, where, after, limit))

    def turns(
        self, scope: Scope, *, after: int = -1, before: int | None = None, last: int | None = None
    ) -> list[Turn]:
        """Turns of one session with ``after < seq < before`` in order; the ``last`` n if given."""
        session = scope.session_id
        return self._read(
            scope.partition, lambda reader: reads.turns(reader, session, after, before, last)
        )

    def unconsolidated(self, scope: Scope) -> list[Turn]:
        """Turns of one session that no summary stands for yet, in order."""
        return self._read(
            scope.partition, lambda reader: reads.unconsolidated(reader, scope.session_id)
        )

    def sessions(self, partition: Partition) -> list[Scope]:
        """Every session of the partition that has a turn, oldest first."""
        return self._read(partition, reads.sessions)

    def pending(self, partition: Partition, model: str, limit: int) -> list[Pending]:
        """Up to ``limit`` passages without a vector of this model, oldest first."""
        return self._read(partition, lambda reader: reads.pending(reader, model, limit))

    def models(self, partition: Partition) -> dict[str, int]:
        """How many vectors of each model the partition holds; models without one are left out."""
        return self._read(partition, reads.models)

    def ledger(
        self,
        partition: Partition,
        book: str,
        names: Sequence[str] | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> list[LedgerLine]:
        """Lines of a book in the order written, from number ``after`` on."""
        return self._read(partition, lambda reader: reads.ledger(reader, book, names, after, limit))

    def partitions(self, tenant_id: str | None = None, *, ledgers: bool = False) -> list[Partition]:
        """Every partition that holds an entry, sorted; of one tenant if given."""
        return self._read(
            NOBODY, lambda reader: reads.partitions(reader, tenant_id, ledgers), "enter_listing"
        )

    def secret(self) -> bytes:
        """32 random bytes made with the schema and kept in it: the key of all its hashes."""
        return self._secret

    def facts(self) -> Facts:
        """Versions and sizes; the log and the bytes of what was deleted are the server's affair."""
        durability = self._options.waits
        return self._read(NOBODY, lambda reader: reads.facts(reader, durability), newest=True)

    def walled(self) -> bool:
        """Whether row-level security stands behind the scope: it does not bind a superuser."""
        return self._read(NOBODY, reads.walled, newest=True)

    def verify(self) -> Verdict:
        """Read every row and check it against its checksum and its neighbours; changes nothing."""
        return self._auditor.verify()

    def close(self) -> None:
        """Close every connection of this process."""
        self.queue.close()
        self._connections.close()
        if self._standby is not None:
            self._standby.close()

    def _place(self, partition: Partition) -> Place:
        options = self._options
        return Place(options.schema, partition, options.waits, options.timeout)

    def _connecting(self, conninfo: Conninfo, silence: float | None = None) -> Connections:
        options = self._options
        return Connections(
            conninfo,
            size=options.pool_size,
            timeout=options.timeout,
            statement_timeout=options.statement_timeout,
            silence=silence,
        )

    def _made_ready(self) -> bytes:
        options = self._options
        with translated(self.location), self._connections.connect() as connection:
            return schema.prepare(connection, options.schema, options.hash_partitions, self._probe)

    def _apply(
        self,
        connection: Connection,
        place: Place,
        change: Change,
        tried: list[tuple[Writing, Applied]],
    ) -> Applied:
        with committing(connection, place, self._probe):
            writing = Writing(connection, place, self._secret, self._probe)
            applied = writing.apply(change)
            tried.append((writing, applied))
        return applied

    def _was_done(
        self, place: Place, writing: Writing, change: Change, error: UnheardCommitError
    ) -> bool:
        """Whether a change whose commit was not heard was done; waits until that is settled.

        What it added is there, or it wrote last. Only of one that added nothing, and after which
        others wrote, neither can be told.

        Raises:
            StoreError: It cannot be told, and the change has no key that would.
        """
        added = [draft.entry.id for draft in all_drafts(change)][:1]
        with translated(self.location):
            last, known = self._connections.run(lambda c: look_back(c, place, added))
        if last == writing.token or (added and known):
            return True
        if added or last == writing.found_writer or change.key is not None:
            return False
        raise StoreError(
            f"the store at {self.location} was lost during a commit, and others wrote since: the "
            "change was done or not; look before writing it again, or give changes a key"
        ) from error

    def _read(
        self,
        partition: Partition,
        ask: Callable[[Reader], T],
        enter: str = "enter",
        *,
        newest: bool = False,
    ) -> T:
        """The answer from one state of the database."""
        with translated(self.location):
            return self.reading.read(self._place(partition), ask, enter, newest=newest)

"""The SQLite store: the `Store` protocol over one file.

This file decides how long a connection is held, and that every read sees one state of the file.
What is read stands in `reads`, what is written in `writes`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Literal

import apsw

from context_manager.errors import ConfigError, StoreError
from context_manager.records import MemoryEntry, Partition, Scope, Turn
from context_manager.store.intake import check_change
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
from context_manager.store.sqlite import reads, schema, scrubbing
from context_manager.store.sqlite.connections import Connections
from context_manager.store.sqlite.copying import copy_to
from context_manager.store.sqlite.faults import translated
from context_manager.store.sqlite.moving import SQLiteMover
from context_manager.store.sqlite.queue import SQLiteQueue
from context_manager.store.sqlite.transaction import committing, unsynced
from context_manager.store.sqlite.writes import Writing
from context_manager.store.upkeep import Facts, Repaired, Scrubbed, Verdict

Durability = Literal["full", "normal"]

_SYNCHRONOUS = {"full": "FULL", "normal": "NORMAL"}

_creating = threading.Lock()
"""Held while a file is made: closing a file drops the locks that SQLite holds on it elsewhere in
this process, so no other store may open it before ours has closed it."""


class SQLiteStore:
    """Keeps everything in one file, which several threads and processes may share.

    Args:
        path: The file; made if missing, readable by its owner only. Its directory must exist.
        durability: "full" syncs every commit to the disk, so that it survives a loss of power, but
            those of vectors alone, which can be computed again; "normal" survives a crash of the
            process always, but a loss of power may undo the last commits (never leave a gap).
        busy_timeout: Seconds to wait for another process before `StoreBusyError`.
        max_bytes: Size beyond which the file must not grow; then `StoreFullError`. None: no limit.
        vfs: Name of a VFS registered with apsw (encryption, tests); None for the system's own.
        read_only: Never write; opens a newer version too, if that allows it. It must exist.
        probe: Called with the name of each step of a write before it; for crash tests. None
            asks the environment variable CM_CRASH_AT.

    Raises:
        StoreError: The file cannot be opened or written; the message names it.
        SchemaError: A newer version wrote it.
        CorruptStoreError: It is damaged or no database.
    """

    local = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Durability = "full",
        busy_timeout: float = 10.0,
        max_bytes: int | None = None,
        vfs: str | None = None,
        read_only: bool = False,
        probe: Probe | None = None,
    ) -> None:
        if durability not in _SYNCHRONOUS:
            raise ConfigError(f'durability must be "full" or "normal", got {durability!r}')
        self._durability = durability
        self.path = _checked(path, read_only)
        self._probe = probe_from(os.environ) if probe is None else probe
        self._connections = Connections(
            str(self.path),
            synchronous=_SYNCHRONOUS[durability],
            busy_timeout=busy_timeout,
            max_bytes=max_bytes,
            vfs=vfs,
            prepare=self._prepare,
            read_only=read_only,
        )
        self._vfs = vfs
        self.queue = SQLiteQueue(self._write, self._read)
        self.mover = SQLiteMover(self.location, self._write, self._snapshot)
        try:
            self._secret = self._looked_at() if read_only else self._made_ready()
        except BaseException:
            self._connections.close()
            raise

    @property
    def location(self) -> str:
        """The path of the file."""
        return str(self.path)

    def apply(self, partition: Partition, change: Change) -> Applied:
        """Do a change atomically; when it returns, it is committed."""
        check_change(partition, change)
        with self._write() as connection:
            synced = unsynced(connection) if change.only_vectors else nullcontext()
            with synced, committing(connection, self._probe):
                return Writing(connection, partition, self._secret, self._probe).apply(change)

    def version(self, partition: Partition) -> Version:
        """The present version; (0, 0) of a partition never written."""
        with self._read() as connection:
            return reads.version(connection, partition)

    def rows(self, partition: Partition, model: str, since: int = 0) -> Rows:
        """Rows changed after ``since``, an entry with all its passages when any of them changed."""
        with self._snapshot() as connection:
            return reads.rows(connection, partition, model, since)

    def entries(self, partition: Partition, ids: Sequence[str]) -> list[MemoryEntry]:
        """The entries with these ids that exist, in the order asked, without embeddings."""
        with self._snapshot() as connection:
            return reads.entries(connection, partition, ids)

    def vectors(self, partition: Partition, ids: Sequence[str], model: str) -> dict[str, bytes]:
        """The vector of each entry's first passage, for those that have one of this model."""
        with self._snapshot() as connection:
            return reads.vectors(connection, partition, ids, model)

    def find(
        self, partition: Partition, where: EntryFilter, *, after: int = 0, limit: int | None = None
    ) -> list[tuple[int, MemoryEntry]]:
        """Entries that match, with their keys, oldest first, from key ``after`` on."""
        with self._snapshot() as connection:
            return reads.find(connection, partition, where, after, limit)

    def turns(
        self, scope: Scope, *, after: int = -1, before: int | None = None, last: int | None = None
    ) -> list[Turn]:
        """Turns of one session with ``after < seq < before`` in order; the ``last`` n if given."""
        with self._snapshot() as connection:
            return reads.turns(connection, scope, after, before, last)

    def unconsolidated(self, scope: Scope) -> list[Turn]:
        """Turns of one session that no summary stands for yet, in order."""
        with self._snapshot() as connection:
            return reads.unconsolidated(connection, scope)

    def sessions(self, partition: Partition) -> list[Scope]:
        """Every session of the partition that has a turn, oldest first."""
        with self._snapshot() as connection:
            return reads.sessions(connection, partition)

    def pending(self, partition: Partition, model: str, limit: int) -> list[Pending]:
        """Up to ``limit`` passages without a vector of this model, oldest first."""
        with self._snapshot() as connection:
            return reads.pending(connection, partition, model, limit)

    def models(self, partition: Partition) -> dict[str, int]:
        """How many vectors of each model the partition holds; models without one are left out."""
        with self._snapshot() as connection:
            return reads.models(connection, partition)

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
        with self._snapshot() as connection:
            return reads.ledger(connection, partition, book, names, after, limit)

    def partitions(self, tenant_id: str | None = None, *, ledgers: bool = False) -> list[Partition]:
        """Every partition that holds an entry, sorted; of one tenant if given."""
        with self._snapshot() as connection:
            return reads.partitions(connection, tenant_id, ledgers)

    def secret(self) -> bytes:
        """32 random bytes made with the file and kept in it: the key of all its hashes."""
        return self._secret

    def facts(self) -> Facts:
        """Versions, sizes and what is due; cheap."""
        with self._snapshot() as connection:
            return Facts(
                engine=f"SQLite {apsw.sqlite_lib_version()} (apsw {apsw.apsw_version()})",
                durability=self._durability,
                schema=schema.user_version(connection),
                bytes=self.path.stat().st_size,
                log_bytes=scrubbing.log_size(self.location),
                scrub_due=scrubbing.is_due(connection),
            )

    def scrub(self) -> Scrubbed:
        """Overwrite what was deleted, in the file and in its log.

        Call it after a change that removes something. What a killed process left undone is done
        when the file is next opened, before anything is read.
        """
        with translated(self.location), self._connections.last_use() as connection:
            return scrubbing.scrub(connection, self.location, self._vfs, self._probe)

    def backup(self, path: str | os.PathLike[str]) -> int:
        """Write a copy of the present state to a new file, while others read and write.

        What was deleted is not in the copy, not even as bytes.

        Returns:
            Bytes written.

        Raises:
            InputError: The file exists already.
            CorruptStoreError: The original is damaged; there is then no copy.
        """
        with translated(self.location), self._connections.copier() as connection:
            return copy_to(connection, Path(path).absolute())

    def verify(self) -> Verdict:
        """Read every row and check it against its checksum and its neighbours; changes nothing."""
        from context_manager.store.sqlite import auditing

        with self._snapshot() as connection:
            return auditing.verify(connection, self._secret)

    def repair(self) -> Repaired:
        """Rebuild indexes, links and counters from the rows, and drop damaged vectors.

        Damaged content is never dropped: it is named in the result; forget it, or restore a backup.
        """
        from context_manager.store.sqlite import mending

        with self._write() as connection:
            return mending.repair(connection, self._secret, self._probe)

    def close(self) -> None:
        """Close every connection; calling it again does nothing."""
        with translated(self.location):
            self._connections.close()

    def _looked_at(self) -> bytes:
        with self._read() as connection:
            schema.check_readable(connection, self.location)
            return reads.secret(connection)

    def _made_ready(self) -> bytes:
        with self._write() as connection:
            secret = reads.secret(connection)
            due = scrubbing.is_due(connection)
        if due:
            self.scrub()
        return secret

    def _prepare(self, connection: apsw.Connection) -> None:
        schema.prepare(connection, self.location, self._probe)

    @contextmanager
    def _write(self) -> Iterator[apsw.Connection]:
        with translated(self.location), self._connections.writer() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[apsw.Connection]:
        with translated(self.location), self._connections.reader() as connection:
            yield connection

    @contextmanager
    def _snapshot(self) -> Iterator[apsw.Connection]:
        """A reader that sees one state of the file until the block ends."""
        with self._read() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")


def _checked(path: str | os.PathLike[str], read_only: bool) -> Path:
    """The absolute path, its file made for its owner alone if it is missing."""
    name = os.fspath(path)
    if name in ("", ":memory:"):
        raise ConfigError(f'{name!r} is no file; use the store "memory" for one without a file')
    found = Path(name).absolute()
    try:
        name.encode()  # SQLite takes names in UTF-8 alone
        with _creating:
            if not found.exists() and not read_only:
                os.close(os.open(found, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:  # another process made it meanwhile
        pass
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise StoreError(f"the store at {str(found)!r:.300} cannot be made: {error}") from error
    if not found.is_file():
        raise StoreError(f"there is no store at {found}, or it is not a file")
    return found

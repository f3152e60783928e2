"""The connections of one process to one file: a single writer, and readers as they are needed.

This file decides who may write, who checkpoints (only the writer) and what happens at a fork. It
knows nothing of what is read or written.

At a fork every connection is closed first: SQLite keeps the locks of a process in its memory, and a
child that inherited them would take locks for held that it does not hold. Both processes open
anew when they next need to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet

import apsw

from context_manager.errors import StoreError
from context_manager.forks import AtFork, at_fork
from context_manager.store.sqlite.alone import alone

MAX_IDLE_READERS = 8
CACHE_KIB = 16_384
WAL_LIMIT = 64 * 2**20
"""Bytes to which the write-ahead log is cut back after a checkpoint."""

_EVERY_CONNECTION = f"""
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -{CACHE_KIB};
"""
_LOOK = "SELECT 1 FROM sqlite_schema LIMIT 1"


class Connections:
    """Lends connections; every lent one must be given back in the same thread.

    Args:
        path: Absolute path of the file.
        synchronous: "FULL" or "NORMAL".
        busy_timeout: Seconds to wait for another process.
        max_bytes: Size beyond which the file must not grow; None for no limit.
        vfs: Name of a registered VFS; None for the system's own.
        prepare: Called with each new writer before its first use.
        read_only: Whether to refuse to lend a writer.
    """

    def __init__(
        self,
        path: str,
        *,
        synchronous: str,
        busy_timeout: float,
        max_bytes: int | None,
        vfs: str | None,
        prepare: Callable[[apsw.Connection], None],
        read_only: bool,
    ) -> None:
        self.path = path
        self._synchronous = synchronous
        self._busy_ms = int(busy_timeout * 1000)
        self._max_bytes = max_bytes
        self._vfs = vfs
        self._prepare = prepare
        self._read_only = read_only
        self._closed = False
        self._writer: apsw.Connection | None = None
        self._idle: list[apsw.Connection] = []
        self._reset()
        _living.add(self)

    @contextmanager
    def writer(self) -> Iterator[apsw.Connection]:
        """The one connection that may write, exclusively within this process."""
        if self._read_only:
            raise StoreError(f"the store at {self.path} was opened read-only; nothing was written")
        with self._write_lock:
            self._check_open()
            if self._writer is None:
                self._writer = self._open_writer()
            yield self._writer

    @contextmanager
    def reader(self) -> Iterator[apsw.Connection]:
        """A connection that cannot write; several may be lent at once."""
        connection = self._borrow()
        try:
            if connection is None:
                connection = self._open_reader()
            yield connection
        finally:
            self._give_back(connection)

    @contextmanager
    def copier(self) -> Iterator[apsw.Connection]:
        """A reader of its own, for a copy that takes long; it may write to other files."""
        with self.reader():  # counts as lent, so that a fork waits for it
            connection = self._visible()
            try:
                connection.wal_autocheckpoint(0)
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                yield connection
            finally:
                connection.close()

    @contextmanager
    def last_use(self) -> Iterator[apsw.Connection]:
        """The writer, for work after which what it remembers of the file must be dropped."""
        with self.writer() as connection:
            try:
                yield connection
            finally:
                self._writer = None
                connection.close()

    def close(self) -> None:
        """Close what is idle, and what is lent when it comes back."""
        with self._write_lock, self._turnstile:
            self._closed = True
            self._close_idle()

    def before_fork(self) -> None:
        """Wait for what is lent, close everything and keep others out until after the fork."""
        self._write_lock.acquire()
        self._turnstile.acquire()
        while self._lent:
            self._turnstile.wait()
        self._close_idle()

    def after_fork_in_parent(self) -> None:
        """Let others in again."""
        self._turnstile.release()
        self._write_lock.release()

    def after_fork_in_child(self) -> None:
        """Start anew: the locks of the parent's threads mean nothing here."""
        self._reset()

    def _reset(self) -> None:
        self._write_lock = threading.Lock()
        self._turnstile = threading.Condition()
        self._idle, self._writer = [], None
        self._lent = 0

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"the store at {self.path} is closed; open it again")

    def _borrow(self) -> apsw.Connection | None:
        with self._turnstile:
            self._check_open()
            self._lent += 1
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: apsw.Connection | None) -> None:
        with self._turnstile:
            self._lent -= 1
            if connection is not None:
                if self._closed or len(self._idle) >= MAX_IDLE_READERS:
                    connection.close()
                else:
                    self._idle.append(connection)
            self._turnstile.notify_all()

    def _close_idle(self) -> None:
        for connection in (*self._idle, *filter(None, [self._writer])):
            connection.close()
        self._idle, self._writer = [], None

    def _open_writer(self) -> apsw.Connection:
        with alone(self.path):  # until its log shows that somebody has the file open
            return self._ready(self._connect(apsw.SQLITE_OPEN_CREATE))

    def _ready(self, connection: apsw.Connection) -> apsw.Connection:
        try:
            connection.wal_autocheckpoint(1000)
            connection.pragma("synchronous", self._synchronous)
            connection.pragma("journal_size_limit", WAL_LIMIT)
            self._prepare(connection)
            if self._max_bytes is not None:
                page = int(connection.pragma("page_size"))
                connection.pragma("max_page_count", max(1, self._max_bytes // page))
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_reader(self) -> apsw.Connection:
        connection = self._visible()
        connection.wal_autocheckpoint(0)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.pragma("query_only", True)
        return connection

    def _visible(self) -> apsw.Connection:
        """A connection without its settings; from now on, the file's log shows that it is open."""
        if self._writer is not None:
            return self._connect(0)
        with alone(self.path):
            connection = self._connect(0)
            try:
                connection.execute(_LOOK).fetchall()
            except BaseException:
                connection.close()
                raise
            return connection

    def _connect(self, flags: int) -> apsw.Connection:
        connection = apsw.Connection(
            self.path, flags=apsw.SQLITE_OPEN_READWRITE | flags, vfs=self._vfs
        )
        connection.set_busy_timeout(self._busy_ms)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.execute(_EVERY_CONNECTION).fetchall()  # a row read is a statement run
        return connection


_living: WeakSet[Connections] = WeakSet()
_held: list[Connections] = []


def _before_fork() -> None:
    _held[:] = list(_living)
    for connections in _held:
        connections.before_fork()


def _after_fork_in_parent() -> None:
    for connections in _held:
        connections.after_fork_in_parent()
    _held.clear()


def _after_fork_in_child() -> None:
    for connections in _held:
        connections.after_fork_in_child()
    _held.clear()


at_fork(AtFork(_before_fork, _after_fork_in_parent, _after_fork_in_child))

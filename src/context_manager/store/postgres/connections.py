"""The connections of one process to one database, and what is done when one is lost.

This file decides how long anything is waited for and what may be tried again. It knows nothing of
what is read or written. A process that was forked opens connections of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed

from context_manager.embedding.processes import PerProcess
from context_manager.errors import StoreError
from context_manager.store.postgres.faults import may_pass
from context_manager.store.postgres.options import Conninfo, with_setting
from context_manager.store.postgres.texts import hold_any_text

T = TypeVar("T")

Connection: TypeAlias = psycopg.Connection[Any]

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5

_DEFAULTS: Conninfo = {
    "application_name": "context-manager",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""What the DSN may say otherwise. A machine that vanished is noticed within half a minute."""

IMPATIENT: Conninfo = {
    "connect_timeout": 2,
    "tcp_user_timeout": 2000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
}
"""For a server that another can stand in for: noticed within four seconds."""


class Connections:
    """Lends connections, each to one piece of work at a time.

    Args:
        conninfo: Where the database is.
        size: Connections at most, per process.
        timeout: Seconds to wait for a connection, for a lock, and for a server to come back.
        statement_timeout: Seconds after which the server ends a statement; None leaves it to the
            server. It does not hold for `connect`, whose work may take long.
        silence: Seconds without a word of the server after which a lent connection is lost: its
            machine answers, but the server hangs. None waits.
    """

    def __init__(
        self,
        conninfo: Conninfo,
        *,
        size: int,
        timeout: float,
        statement_timeout: float | None = None,
        silence: float | None = None,
    ) -> None:
        self._options = {**_DEFAULTS, **conninfo}
        self._lent_options = self._options
        if statement_timeout is not None:
            milliseconds = str(max(1, round(statement_timeout * 1000)))
            self._lent_options = with_setting(self._options, "statement_timeout", milliseconds)
        self._class = psycopg.Connection[Any] if silence is None else _hung_up_after(silence)
        self._size = size
        self.timeout = timeout
        self.location = shown(self._options)
        self._pools: dict[int, ConnectionPool[Connection]] = {}
        self._pool = PerProcess(self._open)
        self._closed = False

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do a piece of work on a connection, and anew on another when that one is lost.

        So the work must be one transaction, and must not raise the driver's errors once it has
        asked for the commit.

        Raises:
            psycopg.Error: What went wrong last, when the time is up or it cannot pass.
        """
        self.check_open()
        deadline = time.monotonic() + self.timeout
        pause = _FIRST_PAUSE
        while True:
            try:
                with self._lent() as connection:
                    return work(connection)
            except psycopg.Error as error:
                if self._closed or not may_pass(error) or time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def run_once(self, work: Callable[[Connection], T], timeout: float) -> T:
        """Do a piece of work, waiting so many seconds for a connection, and never anew.

        Raises:
            psycopg.Error: It could not be done.
        """
        self.check_open()
        with self._lent(timeout) as connection:
            return work(connection)

    def connect(self) -> Connection:
        """A connection beside the pool; whoever asks closes it."""
        self.check_open()
        connection: Connection = psycopg.connect(**self._options, autocommit=True)
        hold_any_text(connection)
        return connection

    def check_open(self) -> None:
        """Refuse to go on after `close`."""
        if self._closed:
            raise StoreError(f"the store at {self.location} is closed; open it again")

    def close(self) -> None:
        """Close what is idle, and what is lent when it comes back."""
        self._closed = True
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()

    @contextmanager
    def _lent(self, timeout: float | None = None) -> Iterator[Connection]:
        pool = self._pool()
        try:
            with pool.connection(timeout) as connection:
                try:
                    yield connection
                except psycopg.Error as error:
                    if may_pass(error):
                        connection.close()  # the pool replaces it
                    raise
        except PoolClosed:
            self.check_open()
            raise

    def _open(self) -> ConnectionPool[Connection]:
        pool = ConnectionPool(
            connection_class=self._class,
            kwargs={**self._lent_options, "autocommit": True},
            min_size=1,
            max_size=self._size,
            timeout=self.timeout,
            reconnect_timeout=self.timeout,
            max_idle=60.0,
            num_workers=1,
            configure=hold_any_text,
            open=True,
        )
        self._pools[os.getpid()] = pool
        return pool


def _hung_up_after(silence: float) -> type[Connection]:
    """Connections that are closed when the server says nothing for so many seconds."""

    class Impatient(psycopg.Connection[Any]):
        def wait(self, gen: Generator[Any, Any, T], *args: Any, **more: Any) -> T:
            return super().wait(self._listening(gen), *args, **more)

        def _listening(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
            """The same steps; the driver asks for the next one at every word, and now and then."""
            end = time.monotonic() + silence
            try:
                step = next(gen)
                while True:
                    ready = yield step
                    if ready:
                        end = time.monotonic() + silence
                    elif time.monotonic() > end:
                        self.close()
                        raise psycopg.OperationalError("the server said nothing")
                    step = gen.send(ready)
            except StopIteration as stopped:
                answer: T = stopped.value
                return answer

    return Impatient


def shown(options: Conninfo) -> str:
    """The place as it may be shown: without a user, a password or options."""
    host = options.get("host") or options.get("hostaddr") or "localhost"
    port = options.get("port")
    return f"postgresql://{host}{f':{port}' if port else ''}/{options.get('dbname', '')}"

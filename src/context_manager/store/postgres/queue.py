"""The queue of the PostgreSQL store: a table of jobs, and a notice when one is added.

This file decides that taking a job waits for no one else who takes one, and who listens. A notice
is sent in a transaction of its own, for PostgreSQL lets one commit at a time send notices.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from context_manager.embedding.processes import PerProcess
from context_manager.records import Partition
from context_manager.store.postgres.connections import Connection, Connections
from context_manager.store.postgres.faults import translated
from context_manager.store.postgres.queries import QUEUE
from context_manager.store.queue import Job, Lease

T = TypeVar("T")

POLL_SECONDS = 0.2
"""How long a worker waits that cannot listen just now."""


class PostgresQueue:
    """Keeps jobs in a table.

    Args:
        connections: Lends connections.
        schema: The schema that holds the table.
    """

    def __init__(self, connections: Connections, schema: str) -> None:
        self._connections = connections
        self._schema = schema
        self._channel = f"{schema}_jobs"
        self._ear = PerProcess(lambda: _Ear(connections, self._channel))

    def add(self, jobs: Sequence[Job], after: float = 0.0) -> None:
        """Have jobs done."""
        rows = [
            {
                "work": job.work,
                "tenant": job.partition.tenant_id,
                "user": job.partition.user_id,
                "agent": job.partition.agent_id,
                "session": job.session_id,
                "after": float(after),
            }
            for job in sorted(set(jobs))  # one order for all who add
        ]
        if not rows:
            return

        def insert(connection: Connection) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(QUEUE["add"], rows)

        self._transact(insert)
        self._transact(lambda c: c.execute(QUEUE["tell"], {"channel": self._channel}))

    def take(self, works: Sequence[str], seconds: float) -> Lease | None:
        """Take the job that has been due longest."""
        token = secrets.token_hex(8)
        values = {"works": list(works), "token": token, "seconds": float(seconds)}
        found = self._transact(lambda c: c.execute(QUEUE["take"], values).fetchone())
        if found is None:
            return None
        work, *partition, session_id, attempt = found
        return Lease(Job(work, Partition(*partition), session_id), token, attempt)

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Say that the work goes on."""
        return self._settled(lease, ("renew",), seconds=float(seconds))

    def finish(self, lease: Lease) -> bool:
        """Say that the work is done."""
        return self._settled(lease, ("finish", "finish_once"))

    def put_back(self, lease: Lease, after: float) -> bool:
        """Give the job back undone."""
        return self._settled(lease, ("put_back",), after=float(after))

    def counts(self) -> dict[str, int]:
        """How many jobs of each kind are waiting or taken."""
        return self._transact(lambda c: dict(c.execute(QUEUE["counts"]).fetchall()))

    def wait(self, seconds: float) -> None:
        """Return when a job may have been added.

        One thread of a process listens at a time; the first wait returns at once, for it cannot
        know what was added before it listened.
        """
        self._connections.check_open()
        with translated(self._connections.location):
            self._ear().listen(seconds)

    def close(self) -> None:
        """Stop listening."""
        self._ear().close()

    def _settled(self, lease: Lease, names: Sequence[str], **values: Any) -> bool:
        """Run the first statement that finds the job taken by this lease."""

        def settle(connection: Connection) -> bool:
            held = {"token": lease.token, **values}
            return any(connection.execute(QUEUE[name], held).fetchone() for name in names)

        return self._transact(settle)

    def _transact(self, work: Callable[[Connection], T]) -> T:
        """Do it in one transaction; a job is a hint, so an unheard commit may be tried again."""

        def transact(connection: Connection) -> T:
            with connection.transaction():
                connection.execute(QUEUE["enter"], {"schema": self._schema})
                return work(connection)

        with translated(self._connections.location):
            return self._connections.run(transact)


class _Ear:
    """The connection of one process that hears when a job was added."""

    def __init__(self, connections: Connections, channel: str) -> None:
        self._connections = connections
        self._listen = sql.SQL("LISTEN {}").format(sql.Identifier(channel))
        self._connection: Connection | None = None
        self._taken = threading.Lock()

    def listen(self, seconds: float) -> None:
        """Return when something was heard; after a moment where nobody can listen just now."""
        if not self._taken.acquire(blocking=False):
            time.sleep(min(seconds, POLL_SECONDS))
            return
        try:
            if self._connection is None:
                self._connection = self._connections.connect()
                self._connection.execute(self._listen)
            else:
                next(self._connection.notifies(timeout=seconds, stop_after=1), None)
        except psycopg.OperationalError:
            self._hang_up()
            time.sleep(min(seconds, POLL_SECONDS))
        finally:
            self._taken.release()

    def close(self) -> None:
        """Close the connection, once nobody listens."""
        with self._taken:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

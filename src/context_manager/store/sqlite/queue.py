"""The queue of the SQLite store: a table of the same file, for workers on the same machine.

This file decides that looking for work takes no lock: only who finds some becomes the writer.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import apsw

from context_manager.records import Partition
from context_manager.store.probe import silent
from context_manager.store.queue import Job, Lease
from context_manager.store.sqlite.queries import QUEUE
from context_manager.store.sqlite.transaction import committing

POLL_SECONDS = 0.2
"""How often a worker that waits looks again: a file tells nobody that it was written to."""

Lend: TypeAlias = Callable[[], AbstractContextManager[apsw.Connection]]


class SQLiteQueue:
    """Keeps jobs in a table.

    Args:
        writer: Lends the connection that may write.
        reader: Lends one that cannot.
    """

    def __init__(self, writer: Lend, reader: Lend) -> None:
        self._writer = writer
        self._reader = reader

    def add(self, jobs: Sequence[Job], after: float = 0.0) -> None:
        """Have jobs done."""
        rows = [
            {
                "work": job.work,
                "tenant": job.partition.tenant_id,
                "user": job.partition.user_id,
                "agent": job.partition.agent_id,
                "session": job.session_id,
                "after": after,
            }
            for job in jobs
        ]
        with self._writer() as connection, committing(connection, silent):
            connection.executemany(QUEUE["add"], rows)

    def take(self, works: Sequence[str], seconds: float) -> Lease | None:
        """Take the job that has been due longest."""
        wanted = {"works": json.dumps(list(works))}
        with self._reader() as connection:
            if connection.execute(QUEUE["due"], wanted).fetchone() is None:
                return None
        with self._writer() as connection, committing(connection, silent):
            due = connection.execute(QUEUE["due"], wanted).fetchone()
            if due is None:  # somebody else was faster
                return None
            token = secrets.token_hex(8)
            values = {"number": due[0], "token": token, "seconds": seconds}
            found: list[Any] = connection.execute(QUEUE["take"], values).fetchall()
        work, *partition, session_id, attempt = found[0]
        return Lease(Job(work, Partition(*partition), session_id), token, attempt)

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Say that the work goes on."""
        return self._settled(lease, ("renew",), seconds=seconds)

    def finish(self, lease: Lease) -> bool:
        """Say that the work is done."""
        return self._settled(lease, ("finish", "finish_once"))

    def put_back(self, lease: Lease, after: float) -> bool:
        """Give the job back undone."""
        return self._settled(lease, ("put_back",), after=after)

    def counts(self) -> dict[str, int]:
        """How many jobs of each kind are waiting or taken."""
        with self._reader() as connection:
            rows: list[Any] = connection.execute(QUEUE["counts"]).fetchall()
        return dict(rows)

    def wait(self, seconds: float) -> None:
        """Return when a job may have been added."""
        time.sleep(min(seconds, POLL_SECONDS))

    def _settled(self, lease: Lease, names: Sequence[str], **values: Any) -> bool:
        """Run the first statement that finds the job taken by this lease."""
        with self._writer() as connection, committing(connection, silent):
            for name in names:
                connection.execute(QUEUE[name], {"token": lease.token, **values})
                if connection.changes():
                    return True
        return False

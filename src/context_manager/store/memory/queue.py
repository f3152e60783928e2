"""The queue of the in-memory store: for workers that are threads of this process."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from context_manager.store.queue import Job, Lease


@dataclass(slots=True)
class _Waiting:
    due: float
    token: str = ""
    attempt: int = 0
    again: float | None = None
    """When it is due once more, where it was added while it was taken."""


class MemoryQueue:
    """Keeps jobs in a dict under one lock.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._jobs: dict[Job, _Waiting] = {}
        self._changed = threading.Condition()

    def add(self, jobs: Sequence[Job], after: float = 0.0) -> None:
        """Have jobs done."""
        with self._changed:
            now = self._clock()
            for job in jobs:
                held = self._jobs.setdefault(job, _Waiting(now + after))
                if held.token and held.due > now:
                    held.again = now + after if held.again is None else min(held.again, now + after)
                else:
                    held.due = min(held.due, now + after)
            self._changed.notify_all()

    def take(self, works: Sequence[str], seconds: float) -> Lease | None:
        """Take the job that has been due longest."""
        with self._changed:
            now = self._clock()
            due = [
                (held.due, job)
                for job, held in self._jobs.items()
                if held.due <= now and job.work in works
            ]
            if not due:
                return None
            job = min(due)[1]
            held = self._jobs[job]
            held.token, held.due = secrets.token_hex(8), now + seconds
            held.attempt += 1
            return Lease(job, held.token, held.attempt)

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Say that the work goes on."""
        with self._changed:
            held = self._held(lease)
            if held is not None:
                held.due = self._clock() + seconds
            return held is not None

    def finish(self, lease: Lease) -> bool:
        """Say that the work is done."""
        with self._changed:
            held = self._held(lease)
            if held is None:
                return False
            if held.again is None:
                del self._jobs[lease.job]
            else:
                self._jobs[lease.job] = _Waiting(held.again)
            return True

    def put_back(self, lease: Lease, after: float) -> bool:
        """Give the job back undone."""
        with self._changed:
            held = self._held(lease)
            if held is not None:
                held.token, held.again, held.due = "", None, self._clock() + after
            return held is not None

    def counts(self) -> dict[str, int]:
        """How many jobs of each kind are waiting or taken."""
        with self._changed:
            return dict(Counter(job.work for job in self._jobs))

    def wait(self, seconds: float) -> None:
        """Return when a job was added, after ``seconds`` at the latest."""
        with self._changed:
            self._changed.wait(seconds)

    def _held(self, lease: Lease) -> _Waiting | None:
        held = self._jobs.get(lease.job)
        return held if held is not None and held.token == lease.token else None

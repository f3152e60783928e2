"""Work that is left to whoever comes for it: the queue that a shared store offers beside memory.

This file decides what such a queue must do; it knows no back end and no work. A job is a hint, not
a record: what is to be done is found in memory itself, so a job may be lost, or done twice, and
nothing is wrong. That is why it stands in no `Change`: no write waits for the queue, and the table
of jobs needs no tenant, no partition and no transaction with memory.

A job is taken for a while. Who takes it says every now and then that it is still at it; when that
ends, because its process was killed, the job is there for the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from context_manager.records import Partition
from context_manager.store.protocol import Store

EVERYBODY = Partition("", "", "")
"""Whose job it is that is about the store as a whole."""


class Job(NamedTuple):
    """A piece of work; two that are equal are one.

    Args:
        work: What is to be done, in one word.
        partition: Whose memory; `EVERYBODY` for the store.
        session_id: Which conversation; "" for all.
    """

    work: str
    partition: Partition
    session_id: str = ""


class Lease(NamedTuple):
    """A job that was taken.

    Args:
        job: What to do.
        token: Names this taking; nobody else has it.
        attempt: 1 if the job was never taken before, one more each time since.
    """

    job: Job
    token: str
    attempt: int


class Queue(Protocol):
    """Jobs of one store, for any number of processes. Every method may be called by any thread.

    Time is the store's own, so that the clocks of those who share it need not agree.

    Raises:
        StoreError: or one of its kinds; after it nothing is half done.
    """

    def add(self, jobs: Sequence[Job], after: float = 0.0) -> None:
        """Have jobs done.

        One that waits already is not added again, but becomes due no later than this asks. One
        that is taken right now will be due again when it is finished.

        Args:
            jobs: What to do.
            after: Seconds to leave them waiting at least.
        """
        ...

    def take(self, works: Sequence[str], seconds: float) -> Lease | None:
        """Take the job that has been due longest, so that nobody else gets it meanwhile.

        Args:
            works: Only jobs of these kinds.
            seconds: How long it is taken for; then it is there for others, unless `renew` is
                called before.

        Returns:
            None if nothing is due.
        """
        ...

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Say that the work goes on; it is taken for so many seconds from now.

        Returns:
            False if it was taken by somebody else meanwhile, or is done.
        """
        ...

    def finish(self, lease: Lease) -> bool:
        """Say that the work is done.

        Returns:
            False if it was taken by somebody else meanwhile; the job is then theirs to finish.
        """
        ...

    def put_back(self, lease: Lease, after: float) -> bool:
        """Give the job back undone, due again in ``after`` seconds; returns as `finish` does."""
        ...

    def counts(self) -> dict[str, int]:
        """How many jobs of each kind are waiting or taken; kinds without one are left out."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when a job may have been added, after ``seconds`` at the latest."""
        ...


class QueueingStore(Store, Protocol):
    """A store that offers a queue."""

    @property
    def queue(self) -> Queue:
        """The queue of this store, the same at each call."""
        ...

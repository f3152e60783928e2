"""What every queue must do, as a class of tests to inherit from.

A back end's author writes three lines::

    class TestMyQueue(QueueContract):
        def open(self, place):
            return MyStore(place / "memory")

and runs pytest. No test waits for time to pass: a job that is taken for no time at all is one whose
worker was killed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from context_manager.records import Partition
from context_manager.store.queue import EVERYBODY, Job, Queue, QueueingStore

LONG = 3600.0
"""Seconds that do not pass in a test."""

ANA = Partition("acme", "ana", "helper")
MERGE = Job("merge", ANA, "monday")
COUNT = Job("count", Partition("acme", "ana\u0301 \U0001f642", "helper"))
WORKS = ("merge", "count")


class QueueContract:
    """Inherit, define `open`, and every promise of the `Queue` protocol becomes a test."""

    def open(self, place: Path) -> QueueingStore:
        """An empty store with a queue; ``place`` is an empty folder."""
        raise NotImplementedError

    @pytest.fixture
    def queue(self, tmp_path: Path) -> Iterator[Queue]:
        """The queue of an empty store."""
        store = self.open(tmp_path)
        yield store.queue
        store.close()

    def test_an_empty_queue_gives_nothing(self, queue: Queue) -> None:
        queue.add([])
        assert queue.take(WORKS, LONG) is None
        assert queue.counts() == {}

    def test_a_job_is_taken_once_and_gone_when_finished(self, queue: Queue) -> None:
        queue.add([MERGE])
        lease = queue.take(WORKS, LONG)
        assert lease is not None
        assert (lease.job, lease.attempt) == (MERGE, 1)
        assert queue.take(WORKS, LONG) is None
        assert queue.counts() == {"merge": 1}
        assert queue.finish(lease)
        assert queue.counts() == {}
        assert not queue.finish(lease)
        assert not queue.renew(lease, LONG)
        assert not queue.put_back(lease, 0)

    def test_jobs_come_in_the_order_they_became_due(self, queue: Queue) -> None:
        for job in (MERGE, COUNT, Job("count", EVERYBODY)):
            queue.add([job])
        taken = [queue.take(WORKS, LONG) for _ in range(3)]
        assert [lease and lease.job for lease in taken] == [MERGE, COUNT, Job("count", EVERYBODY)]

    def test_only_work_that_was_asked_for_is_given(self, queue: Queue) -> None:
        queue.add([MERGE])
        assert queue.take(("count",), LONG) is None
        assert queue.take((), LONG) is None
        assert queue.take(("count", "merge"), LONG) is not None

    def test_a_job_that_waits_is_not_added_again(self, queue: Queue) -> None:
        queue.add([MERGE, COUNT, MERGE])
        queue.add([MERGE])
        assert queue.counts() == {"merge": 1, "count": 1}

    def test_a_job_may_be_put_off_and_called_for_sooner(self, queue: Queue) -> None:
        queue.add([MERGE], LONG)
        assert queue.take(WORKS, LONG) is None
        queue.add([MERGE], 2 * LONG)
        assert queue.take(WORKS, LONG) is None
        queue.add([MERGE])
        assert queue.take(WORKS, LONG) is not None

    def test_a_killed_workers_job_is_taken_over(self, queue: Queue) -> None:
        """And the one who lost it can neither finish nor keep it."""
        queue.add([MERGE])
        lost = queue.take(WORKS, 0)
        taken = queue.take(WORKS, LONG)
        assert lost is not None
        assert taken is not None
        assert (taken.job, taken.attempt) == (MERGE, 2)
        assert lost.token != taken.token
        assert not queue.renew(lost, LONG)
        assert not queue.finish(lost)
        assert not queue.put_back(lost, 0)
        assert queue.take(WORKS, LONG) is None
        assert queue.finish(taken)

    def test_a_job_is_kept_by_who_says_so(self, queue: Queue) -> None:
        queue.add([MERGE])
        lease = queue.take(WORKS, 0)
        assert lease is not None
        assert queue.renew(lease, LONG)
        assert queue.take(WORKS, LONG) is None
        assert queue.finish(lease)

    def test_a_job_added_while_it_is_done_is_done_once_more(self, queue: Queue) -> None:
        queue.add([MERGE])
        first = queue.take(WORKS, LONG)
        queue.add([MERGE])
        queue.add([MERGE])
        assert queue.take(WORKS, LONG) is None
        assert first is not None
        assert queue.finish(first)
        again = queue.take(WORKS, LONG)
        assert again is not None
        assert again.attempt == 1
        assert queue.finish(again)
        assert queue.counts() == {}

    def test_a_job_put_back_is_due_again_when_it_says(self, queue: Queue) -> None:
        queue.add([MERGE])
        lease = queue.take(WORKS, LONG)
        assert lease is not None
        assert queue.put_back(lease, 0)
        lease = queue.take(WORKS, LONG)
        assert lease is not None
        assert lease.attempt == 2
        assert queue.put_back(lease, LONG)
        assert queue.take(WORKS, LONG) is None
        assert queue.counts() == {"merge": 1}

    def test_no_job_is_given_to_two(self, queue: Queue) -> None:
        """Eight threads, and each of a hundred jobs is taken by one of them."""
        jobs = [Job("count", Partition("t", f"user{number}", "a")) for number in range(100)]
        queue.add(jobs)
        taken: list[Job] = []

        def work() -> None:
            while lease := queue.take(WORKS, LONG):
                taken.append(lease.job)
                assert queue.finish(lease)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == sorted(jobs)

    def test_waiting_ends(self, queue: Queue) -> None:
        queue.wait(0.01)
        queue.add([MERGE])
        queue.wait(0.01)
        assert queue.take(WORKS, LONG) is not None

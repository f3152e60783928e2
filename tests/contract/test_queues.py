"""Every queue that comes with the package keeps the promises of the queue contract."""

from __future__ import annotations

import threading
from pathlib import Path

from context_manager.store.memory import MemoryStore
from context_manager.store.queue import Job, QueueingStore
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.queue_contract import ANA, LONG, QueueContract
from support import postgres
from support.postgres import PATIENCE


class TestMemoryQueue(QueueContract):
    def open(self, place: Path) -> QueueingStore:
        return MemoryStore()


class SharedQueueContract(QueueContract):
    """The contract of a queue that processes share."""

    def test_processes_share_it(self, tmp_path: Path) -> None:
        ours, theirs = self.open(tmp_path), self.open(tmp_path)
        ours.queue.add([Job("merge", ANA)])
        lease = theirs.queue.take(["merge"], LONG)
        assert lease is not None
        assert ours.queue.take(["merge"], LONG) is None
        assert ours.queue.finish(lease)
        ours.close()
        theirs.close()


class TestSQLiteQueue(SharedQueueContract):
    def open(self, place: Path) -> QueueingStore:
        return SQLiteStore(place / "memory.db")


class TestPostgresQueue(SharedQueueContract):
    def open(self, place: Path) -> QueueingStore:
        return postgres.store_for(place)

    def test_who_waits_is_woken(self, tmp_path: Path) -> None:
        """The wait is far longer than a test may take: it ends by the notice alone."""
        ours, theirs = self.open(tmp_path), self.open(tmp_path)
        theirs.queue.wait(LONG)  # begins to listen
        waiting = threading.Thread(target=theirs.queue.wait, args=(LONG,))
        waiting.start()
        ours.queue.add([Job("merge", ANA)])
        waiting.join(PATIENCE)
        assert not waiting.is_alive()
        ours.close()
        theirs.close()

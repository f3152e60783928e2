"""Every queue that comes with the package keeps the promises of the queue contract."""

from __future__ import annotations

from pathlib import Path

from context_manager.store.memory import MemoryStore
from context_manager.store.queue import Job, QueueingStore
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.queue_contract import ANA, LONG, QueueContract


class TestMemoryQueue(QueueContract):
    def open(self, place: Path) -> QueueingStore:
        return MemoryStore()


class TestSQLiteQueue(QueueContract):
    def open(self, place: Path) -> QueueingStore:
        return SQLiteStore(place / "memory.db")

    def test_processes_share_it(self, tmp_path: Path) -> None:
        ours, theirs = self.open(tmp_path), self.open(tmp_path)
        ours.queue.add([Job("merge", ANA)])
        lease = theirs.queue.take(["merge"], LONG)
        assert lease is not None
        assert ours.queue.take(["merge"], LONG) is None
        assert ours.queue.finish(lease)
        ours.close()
        theirs.close()

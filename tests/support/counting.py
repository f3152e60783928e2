"""Doubles that count what is asked of them: an embedder, a store, a gate that stops a thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from context_manager.embedding.protocol import Vectors
from context_manager.errors import EmbeddingError
from context_manager.records import Partition
from context_manager.store.memory import MemoryStore
from context_manager.store.protocol import Applied, Change, Pending
from context_manager.testing.embedders import HashEmbedder
from support.killing import PATIENCE


class CountingEmbedder(HashEmbedder):
    """Remembers the texts of each call; fails while ``broken``."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[str]] = []
        self.broken = False

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        if self.broken:
            raise EmbeddingError("out of order")
        return super().embed(texts)


class CountingStore(MemoryStore):
    """Remembers the changes asked for, and how often a whole partition was looked through.

    Raises what ``refuse`` gives for a change, if anything.
    """

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Change] = []
        self.looks = 0
        self.refuse: Any = lambda change: None

    def apply(self, partition: Partition, change: Change) -> Applied:
        error = self.refuse(change)
        if error is not None:
            raise error
        applied = super().apply(partition, change)
        self.changes.append(change)
        return applied

    def pending(self, partition: Partition, model: str, limit: int) -> list[Pending]:
        self.looks += 1
        return super().pending(partition, model, limit)

    @property
    def written(self) -> list[int]:
        """How many turns and entries each change wrote, those that wrote some."""
        sizes = [len(change.turns) + len(change.entries) for change in self.changes]
        return [size for size in sizes if size]


class Gate:
    """Lets a test say when work in another thread goes on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, *_: Any) -> None:
        """Say that this point is reached, and wait until the gate is opened."""
        self.reached.set()
        assert self.open.wait(PATIENCE)

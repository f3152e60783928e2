"""The columns of one partition in this process, kept in step with its store.

Decides when rows are read, and when all are read anew. It follows the store's version, so what
another process wrote or forgot is seen by the next `snapshot`. It knows no text and no query.
"""

from __future__ import annotations

from collections.abc import Callable

from context_manager.forks import ForkSafeLock
from context_manager.generations import let_go
from context_manager.heap import give_back
from context_manager.index import VectorIndex
from context_manager.memory.columns import Columns
from context_manager.memory.endings import Endings
from context_manager.memory.snapshot import Snapshot
from context_manager.records import Partition
from context_manager.store.protocol import Store, Version

_LARGE = 4096
"""Rows whose reading leaves so much freed memory behind that it is worth giving it back."""


class PartitionView:
    """Follows one partition of a store.

    Args:
        store: Where the rows are.
        partition: Which rows.
        model: Fingerprint of the vectors to use; others are left pending.
        dimension: Length of those vectors.
        index: Makes an empty index for vectors of that length.
        endings: Knows which epochs are no reason to begin anew.
    """

    def __init__(
        self,
        store: Store,
        partition: Partition,
        model: str,
        dimension: int,
        index: Callable[[int], VectorIndex],
        endings: Endings,
    ) -> None:
        self._store = store
        self._endings = endings
        self._partition = partition
        self._model = model
        self._dimension = dimension
        self._index = index
        self._lock = ForkSafeLock()
        self._version = Version(0, 0)
        self._snapshot: Snapshot | None = None
        self._reset()

    def snapshot(self) -> Snapshot:
        """The partition as it is now."""
        with self._lock:
            if self._snapshot is None or self._store.version(self._partition) != self._version:
                rows = self._store.rows(self._partition, self._model, self._version.change)
                since, epoch = self._version.epoch, rows.version.epoch
                if self._version.change and epoch != since:
                    if self._endings.only(self._partition, since, epoch):
                        self._columns.alter(rows.entries)
                    else:
                        let_go()
                        self._reset()
                        rows = self._store.rows(self._partition, self._model, 0)
                self._columns.read(rows.entries, rows.passages)
                self._version = rows.version
                self._snapshot = self._columns.freeze(rows.version)
                if len(rows.passages) > _LARGE:
                    del rows
                    give_back()
            return self._snapshot

    def _reset(self) -> None:
        self._version = Version(0, 0)
        self._snapshot = None
        self._columns = Columns(self._dimension, self._index)

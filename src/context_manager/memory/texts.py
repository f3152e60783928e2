"""Entries read lately, so that what is shown again and again is not read from the store each time.

Decides what is kept, and that none of it outlives a change: when a partition's epoch moves, because
something of it was altered or forgotten by any process, all of it is let go. It knows no query.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from context_manager.forks import ForkSafeLock
from context_manager.records import MemoryEntry, Partition
from context_manager.store import Store
from context_manager.store.protocol import Version

CAPACITY = 8192
"""Entries kept of all partitions together; the least recently used leave first."""


class Texts:
    """Reads entries by id, from the store or from what was read before.

    Args:
        store: Where they are kept.
        capacity: Entries kept at most.
    """

    def __init__(self, store: Store, capacity: int = CAPACITY) -> None:
        self._store = store
        self._capacity = capacity
        self._kept: OrderedDict[Partition, _Kept] = OrderedDict()
        self._lock = ForkSafeLock()

    def entries(
        self, partition: Partition, version: Version, ids: Sequence[str]
    ) -> dict[str, MemoryEntry]:
        """The entries with these ids that exist, by id, in any order.

        Args:
            partition: Whose.
            version: The partition's version that the caller goes by.
            ids: Which.
        """
        found = self._known(partition, version.epoch, ids)
        if len(found) < len(ids):
            missing = [key for key in ids if key not in found]
            own = {
                key: key for key in missing
            }  # what is looked for by these very keys is found sooner
            fresh = {own[e.id]: e for e in self._store.entries(partition, missing)}
            self._keep(partition, version.epoch, fresh)
            found |= fresh
        return found

    def let_go(self, partition: Partition) -> None:
        """Keep nothing of a partition; for what was altered or forgotten just now."""
        with self._lock:
            self._kept.pop(partition, None)

    def _known(
        self, partition: Partition, epoch: int, ids: Sequence[str]
    ) -> dict[str, MemoryEntry]:
        with self._lock:
            kept = self._kept.get(partition)
            if kept is not None and kept.epoch < epoch:
                del self._kept[partition]
            if kept is None or kept.epoch != epoch:
                return {}
            self._kept.move_to_end(partition)
            get = kept.entries.get
            return {key: entry for key in ids if (entry := get(key)) is not None}

    def _keep(self, partition: Partition, epoch: int, fresh: Mapping[str, MemoryEntry]) -> None:
        with self._lock:
            # What was forgotten since it was read is not kept: `let_go` may have come before us.
            if self._store.version(partition).epoch != epoch:
                return
            kept = self._kept.setdefault(partition, _Kept(epoch))
            if kept.epoch == epoch:
                kept.entries.update(fresh)
            self._shrink()

    def _shrink(self) -> None:
        """Let whole partitions go, and the older half of the last one, until there is room."""
        while sum(len(kept.entries) for kept in self._kept.values()) > self._capacity:
            if len(self._kept) > 1:
                self._kept.popitem(last=False)
                continue
            (kept,) = self._kept.values()
            for key in list(kept.entries)[: len(kept.entries) // 2 + 1]:
                del kept.entries[key]


class _Kept:
    """What is kept of a partition, as of one epoch."""

    __slots__ = ("entries", "epoch")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.entries: dict[str, MemoryEntry] = {}

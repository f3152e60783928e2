"""The entries of an archive as a sequence that reads from the store when asked.

Decides how a partition of any size looks like a list without being one. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from numpy.typing import ArrayLike

from context_manager.errors import StoreError
from context_manager.memory.archive import Archive
from context_manager.records import MemoryEntry, Partition


class StoredEntries(Sequence[MemoryEntry]):
    """The entries of a partition, read from the store when asked for.

    Args:
        archive: Where they are kept.
        partition: Whose they are.
    """

    def __init__(self, archive: Archive, partition: Partition) -> None:
        self._archive = archive
        self._partition = partition

    @property
    def ntotal(self) -> int:
        """Number of entries."""
        return len(self)

    def add(self, rows: ArrayLike) -> None:
        """Rows cannot be added by hand here.

        Raises:
            StoreError: Always; entries are added with `LongTermMemory.add_memory`.
        """
        raise StoreError("this index belongs to a store; add entries with add_memory")

    def __len__(self) -> int:
        return self._archive.size(self._partition)

    @overload
    def __getitem__(self, place: int) -> MemoryEntry: ...
    @overload
    def __getitem__(self, place: slice) -> list[MemoryEntry]: ...
    def __getitem__(self, place: int | slice) -> MemoryEntry | list[MemoryEntry]:
        ids = self._archive.snapshot(self._partition).ids[place]
        wanted = [ids] if isinstance(ids, str) else list(ids)
        found = self._archive.store.entries(self._partition, wanted)
        return found[0] if isinstance(ids, str) else found

    def __iter__(self) -> Iterator[MemoryEntry]:
        for start in range(0, len(self), _PAGE):
            yield from self[start : start + _PAGE]


_PAGE = 500

"""The entries of an in-memory archive as a real list beside an index of rows.

Decides how the two and the archive are kept alike in both directions: what the archive gains or
loses appears in the list, and what somebody appends to the list by hand is stored.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from context_manager.embedding.protocol import Embedder
from context_manager.index.columns import Matrix
from context_manager.memory.archive import Archive
from context_manager.records import MemoryEntry, Partition, Scope
from context_manager.store.protocol import Change, EntryFilter, Version


class RowIndex:
    """The vectors of the entries, one row each.

    Args:
        dimension: Length of a vector.
    """

    def __init__(self, dimension: int) -> None:
        self._rows = Matrix(dimension)

    @property
    def ntotal(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def add(self, rows: ArrayLike) -> None:
        """Append rows of shape (n, dimension) or (dimension,)."""
        self._rows.extend(rows)

    def row(self, place: int) -> NDArray[np.float32]:
        """The vector at a place; zeros while it is pending."""
        return self._rows.rows[place]  # type: ignore[no-any-return]


class Mirror:
    """The list and index of an in-memory archive, kept alike in both directions."""

    def __init__(self, dimension: int) -> None:
        self.entries: list[MemoryEntry] = []
        self.index = RowIndex(dimension)
        self._dimension = dimension
        self._known = 0
        self._last_key = 0
        self._version = Version(0, 0)

    def follow(self, archive: Archive, partition: Partition) -> None:
        """Take over what the archive has gained or lost, unless hand-made additions are waiting."""
        version = archive.store.version(partition)
        by_hand = len(self.entries) != self._known or self.index.ntotal > self._known
        dimension = archive.dimension
        if by_hand or (version == self._version and dimension == self._dimension):
            return
        if version.epoch != self._version.epoch or dimension != self._dimension:
            self._dimension = dimension
            self.entries.clear()
            self.index = RowIndex(self._dimension)
            self._last_key = 0
        self._append_new(archive, partition)
        self._version = version

    def adopt(self, archive: Archive, scope: Scope, embedder: Embedder) -> None:
        """Store the entries that were appended by hand, with their vectors where they have one."""
        for place in range(self._known, len(self.entries)):
            entry = archive.admit(replace(self.entries[place], scope=scope))
            vector = self.index.row(place) if place < self.index.ntotal else entry.embedding
            blob = () if vector is None or not np.any(vector) else (_unit(vector),)
            model = embedder.fingerprint if blob else ""
            draft = archive.drafter.entry(replace(entry, embedding=None), blob, model)
            strike = (archive.erasures.unbury(entry.id),)
            archive.apply(scope.partition, Change(entries=(draft,), strike=strike))
            if place >= self.index.ntotal:
                self.index.add(np.zeros(self._dimension) if vector is None else vector)
        if len(self.entries) != self._known:
            self._known = len(self.entries)
            self._version = archive.store.version(scope.partition)
            self._last_key = max(
                (key for key, _ in _after(archive, scope.partition, self._last_key)),
                default=self._last_key,
            )
        self.follow(archive, scope.partition)

    def _append_new(self, archive: Archive, partition: Partition) -> None:
        fresh = _after(archive, partition, self._last_key)
        vectors = archive.vectors(partition, [entry.id for _, entry in fresh])
        for key, entry in fresh:
            vector = vectors.get(entry.id)
            self.entries.append(replace(entry, embedding=vector))
            self.index.add(np.zeros(self._dimension) if vector is None else vector)
            self._last_key = key
        self._known = len(self.entries)


def _after(archive: Archive, partition: Partition, key: int) -> list[tuple[int, MemoryEntry]]:
    return archive.store.find(partition, EntryFilter(), after=key)


def _unit(vector: ArrayLike) -> bytes:
    row = np.asarray(vector, dtype=np.float32).reshape(-1)
    return (row / np.linalg.norm(row)).astype("<f4").tobytes()

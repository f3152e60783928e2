"""Long-term memory of one user: what was said, added or ingested, searchable at once.

Decides how the archive looks to those who use or subclass it: entries, an index, `add_memory` and
`search`. Alone it keeps everything in process memory; a manager hands it an archive over any
store. It knows neither prompts nor sessions' working sets.

In memory, `entries` is a real list and row i of `index` belongs to ``entries[i]``; a subclass may
append to both by hand, which is taken over before the next search.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from context_manager.embedding import EmbeddingProvider, as_embedder
from context_manager.errors import InputError
from context_manager.memory.answers import emptied
from context_manager.memory.archive import Archive
from context_manager.memory.ask import Ask
from context_manager.memory.drafting import new_id
from context_manager.memory.mirror import Mirror, RowIndex
from context_manager.memory.portable import QUOTES
from context_manager.memory.stored_entries import StoredEntries
from context_manager.records import DEFAULT_SCOPE, MemoryEntry, Partition, Scope
from context_manager.store import stores
from context_manager.store.protocol import Change, EntryFilter, Store
from context_manager.tokens import TokenCounter

if TYPE_CHECKING:
    from context_manager.embedding.protocol import Embedder

__all__ = ["LongTermMemory", "MemoryEntry", "SQLiteLongTermMemory"]


class LongTermMemory:
    """Memory entries with hybrid search over meaning and words.

    Args:
        dimension: Length of the vectors.
        embedding_provider: Turns text into vectors; the default model when left out.
        archive: Where entries are kept; in process memory when left out.
        scope: Whose memory this is.
        clock: Gives the time of new entries, seconds since 1970.

    Example:
        >>> memory = LongTermMemory()
        >>> _ = memory.add_memory("The spare key is under the blue pot")
        >>> memory.search("where is the key?", k=1)[0][0].text
        'The spare key is under the blue pot'
    """

    def __init__(
        self,
        dimension: int = 384,
        embedding_provider: Any | None = None,
        *,
        archive: Archive | None = None,
        scope: Scope = DEFAULT_SCOPE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.dimension = dimension
        self.embedding_provider = (
            EmbeddingProvider() if embedding_provider is None else embedding_provider
        )
        self.entry_id_counter = 0
        self.scope = scope
        self._clock = clock
        self._counted_ids = archive is None
        self._archive = self._own_archive(stores.create("memory")) if archive is None else archive
        self._mirror = Mirror(dimension) if self._archive.store.location == "" else None

    def scoped(self, scope: Scope) -> Self:
        """This memory for another scope, over the same archive."""
        other = copy.copy(self)
        other.scope = scope
        other._mirror = None if self._mirror is None else Mirror(self.dimension)
        return other

    def _embedder(self) -> Embedder:
        return as_embedder(self.embedding_provider, self.dimension)

    @property
    def archive(self) -> Archive:
        """Where the entries are kept."""
        return self._archive

    @property
    def partition(self) -> Partition:
        """The partition of its scope."""
        return self.scope.partition

    @property
    def entries(self) -> Sequence[MemoryEntry]:
        """All entries, oldest first: a list in memory, a lazy sequence over other stores."""
        if self._mirror is None:
            return StoredEntries(self._archive, self.partition)
        self._mirror.follow(self._archive, self.partition)
        return self._mirror.entries

    @property
    def index(self) -> RowIndex | StoredEntries:
        """The vectors; ``ntotal`` counts them, ``add`` appends rows (in memory only)."""
        if self._mirror is None:
            return StoredEntries(self._archive, self.partition)
        self._mirror.follow(self._archive, self.partition)
        return self._mirror.index

    def add_memory(self, text: str, metadata: Mapping[str, Any] | None = None) -> str:
        """Remember a text.

        Returns:
            The id of the entry; it starts with ``mem_``.

        Raises:
            InputError: Nothing but white space in the text.
        """
        entry = MemoryEntry(
            id=self._next_id(),
            text=text,
            metadata=dict(metadata or {}),
            timestamp=self._clock(),
            scope=self.scope,
        )
        return self.add(entry)

    def add(self, entry: MemoryEntry) -> str:
        """Remember an entry made elsewhere, in this memory's scope.

        Raises:
            InputError: Nothing but white space in the text.
        """
        if not entry.text.strip():
            raise InputError("a memory needs a text; got only white space")
        self._adopt()
        self._archive.add(
            replace(
                entry,
                scope=self.scope.narrowed(
                    session_id=entry.scope.session_id, task_id=entry.scope.task_id
                ),
            )
        )
        return entry.id

    def search(self, query: str, k: int = 7) -> list[tuple[MemoryEntry, float]]:
        """The ``k`` entries that answer best, best first, each with its relevance in [0, 1].

        A ``k`` larger than the memory returns what there is.
        """
        self._adopt()
        found = self._archive.search(Ask(query, self.scope, self._clock(), most=max(0, k)))
        return list(zip(found.hits.entries, found.hits.scores, strict=True))

    def get_stats(self) -> dict[str, Any]:
        """Counts, JSON-ready."""
        self._adopt()
        return {
            "num_entries": len(self.entries),
            "index_size": self.index.ntotal,
            "dimension": self.dimension,
        }

    def clear(self) -> None:
        """Delete every entry of the partition for good, and what recorded prompts quote.

        Without a receipt: `ContextManager.clear_memory` gives one.
        """
        self._adopt()
        store, partition = self._archive.store, self.partition
        found = store.find(partition, EntryFilter())
        turns = tuple({entry.turn_id for _, entry in found if entry.turn_id})
        ids = tuple(entry.id for _, entry in found)
        quotes = tuple(line.name for line in store.ledger(partition, QUOTES))
        buried = self._archive.erasures.tombstones([*ids, *turns, *quotes], self._clock())
        change = Change(
            remove_entries=ids,
            remove_turns=turns,
            strike=tuple((QUOTES, name) for name in quotes),
            ledger=(*buried, *emptied(store, partition)),
        )
        self._archive.apply(partition, change)
        overwrite = getattr(store, "scrub", None)
        if overwrite is not None:
            overwrite()

    def __len__(self) -> int:
        self._adopt()
        return len(self.entries)

    def _own_archive(self, store: Store) -> Archive:
        return Archive(store, self._embedder, TokenCounter().count_tokens)

    def _next_id(self) -> str:
        number, self.entry_id_counter = self.entry_id_counter, self.entry_id_counter + 1
        return f"mem_{number}" if self._counted_ids else new_id("mem")

    def _adopt(self) -> None:
        if self._mirror is not None:
            self._mirror.adopt(self._archive, self.scope, self._embedder())


class SQLiteLongTermMemory(LongTermMemory):
    """Long-term memory in one SQLite file; everything is there again when it is reopened.

    Args:
        db_path: The file; created when missing.
        dimension: Length of the vectors.
        embedding_provider: Turns text into vectors; the default model when left out.
    """

    def __init__(
        self,
        db_path: str | Path = "memory.db",
        dimension: int = 384,
        embedding_provider: Any | None = None,
    ) -> None:
        from context_manager.store.sqlite import SQLiteStore

        self.db_path = str(db_path)
        super().__init__(
            dimension, embedding_provider, archive=self._own_archive(SQLiteStore(self.db_path))
        )

    def get_stats(self) -> dict[str, Any]:
        """Counts, with ``database_entries`` and ``database_path``."""
        stats = super().get_stats()
        return {
            **stats,
            "database_entries": stats["num_entries"],
            "database_path": self.db_path,
        }

    def close(self) -> None:
        """Release the file."""
        self._archive.store.close()

"""A store in the memory of this process: the default of ``ContextManager()``, gone with it.

This file decides nothing that the SQLite store decides otherwise: both pass the same contract
suite. It knows no file, no driver and no clock.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, takewhile

from context_manager.errors import StoreError
from context_manager.forks import ForkSafeLock
from context_manager.records import MemoryEntry, Partition, Scope, Turn
from context_manager.store.assembly import assemble
from context_manager.store.intake import (
    check_change,
    unpack_metadata,
)
from context_manager.store.memory.changing import Changing, Numbers
from context_manager.store.memory.queue import MemoryQueue
from context_manager.store.memory.shelf import (
    Kept,
    KeptTurn,
    Part,
    Session,
    entry_row,
    passage_rows,
    tests_of,
)
from context_manager.store.protocol import (
    Applied,
    Change,
    EntryFilter,
    LedgerLine,
    Pending,
    Rows,
    Version,
)


class MemoryStore:
    """Keeps everything in dicts under one lock.

    Example:
        >>> store = MemoryStore()
        >>> store.version(Partition("default", "default", "default"))
        Version(change=0, epoch=0)
    """

    location = ""

    local = True

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._parts: dict[Partition, Part] = {}
        self._numbers = Numbers()
        self._secret = secrets.token_bytes(32)
        self.queue = MemoryQueue()
        self._closed = False

    def apply(self, partition: Partition, change: Change) -> Applied:
        """Do a change atomically: everything that may fail is checked before the first step."""
        check_change(partition, change)
        with self._lock:
            part = self._part(partition)
            applied = Changing(part, self._numbers).apply(change)
            if part.version.change or part.done or part.books:
                self._parts[partition] = part
            return applied

    def version(self, partition: Partition) -> Version:
        """The present version; (0, 0) of a partition never written."""
        with self._lock:
            return self._part(partition).version

    def rows(self, partition: Partition, model: str, since: int = 0) -> Rows:
        """Rows changed after ``since``, an entry with all its passages when any of them changed."""
        with self._lock:
            part = self._part(partition)
            kept = [item for item in part.entries.values() if item.change > since]
            return Rows(
                part.version,
                [entry_row(item) for item in kept],
                [row for item in kept for row in passage_rows(item, model)],
            )

    def entries(self, partition: Partition, ids: Sequence[str]) -> list[MemoryEntry]:
        """The entries with these ids that exist, in the order asked, without embeddings."""
        with self._lock:
            held = self._part(partition).entries
            return [held[identifier].read() for identifier in ids if identifier in held]

    def vectors(self, partition: Partition, ids: Sequence[str], model: str) -> dict[str, bytes]:
        """The vector of each entry's first passage, for those that have one of this model."""
        with self._lock:
            held = self._part(partition).entries
            found = {
                identifier: held[identifier].vectors.get(model, {}).get(0)
                for identifier in ids
                if identifier in held
            }
            return {identifier: vector for identifier, vector in found.items() if vector}

    def find(
        self, partition: Partition, where: EntryFilter, *, after: int = 0, limit: int | None = None
    ) -> list[tuple[int, MemoryEntry]]:
        """Entries that match, with their keys, oldest first, from key ``after`` on."""
        with self._lock:
            part = self._part(partition)
            candidates: Iterable[Kept] = part.entries.values()
            if where.digest is not None:
                ids = part.by_digest.get(where.digest, ())
                candidates = [part.entries[identifier] for identifier in ids]
            tests = tests_of(where)
            matching = (
                item
                for item in candidates
                if item.key > after and all([test(item, value) for test, value in tests])
            )
            return [(item.key, item.read()) for item in islice(matching, limit)]

    def turns(
        self, scope: Scope, *, after: int = -1, before: int | None = None, last: int | None = None
    ) -> list[Turn]:
        """Turns of one session with ``after < seq < before`` in order; the ``last`` n if given."""
        with self._lock:
            newest_first = (
                turn
                for turn in reversed(self._session(scope).turns.values())
                if before is None or turn.head.seq < before
            )
            wanted = takewhile(lambda turn: turn.head.seq > after, newest_first)
            return self._assembled(scope, list(islice(wanted, last))[::-1])

    def unconsolidated(self, scope: Scope) -> list[Turn]:
        """Turns of one session that no summary stands for yet, in order."""
        with self._lock:
            turns = self._session(scope).turns.values()
            found = [turn for turn in turns if not turn.consolidated]
            return self._assembled(scope, found)

    def sessions(self, partition: Partition) -> list[Scope]:
        """Every session of the partition that has a turn, oldest first."""
        with self._lock:
            sessions = self._part(partition).sessions.items()
            return [Scope(*partition, name) for name, session in sessions if session.turns]

    def pending(self, partition: Partition, model: str, limit: int) -> list[Pending]:
        """Up to ``limit`` passages without a vector of this model, oldest first."""
        with self._lock:
            missing = (
                Pending(item.entry.id, ordinal, passage.start, passage.end)
                for item in self._part(partition).entries.values()
                for ordinal, passage in enumerate(item.passages)
                if ordinal not in item.vectors.get(model, {})
            )
            return list(islice(missing, limit))

    def models(self, partition: Partition) -> dict[str, int]:
        """How many vectors of each model the partition holds; models without one are left out."""
        with self._lock:
            held = self._part(partition).entries.values()
            counts: Counter[str] = Counter()
            for item in held:
                counts.update({model: len(vectors) for model, vectors in item.vectors.items()})
            return {model: count for model, count in counts.items() if count}

    def ledger(
        self,
        partition: Partition,
        book: str,
        names: Sequence[str] | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> list[LedgerLine]:
        """Lines of a book in the order written, from number ``after`` on."""
        with self._lock:
            held = self._part(partition).books.get(book, {})
            lines = held.values() if names is None else [held[n] for n in {*names} if n in held]
            found = sorted(line for line in lines if line.number > after)
            return found[limit:] if limit is not None and limit < 0 else found[:limit]

    def partitions(self, tenant_id: str | None = None, *, ledgers: bool = False) -> list[Partition]:
        """Every partition that holds an entry, sorted; of one tenant if given."""
        with self._lock:
            return sorted(
                partition
                for partition, part in self._parts.items()
                if (part.entries or (ledgers and any(part.books.values())))
                and tenant_id in (None, partition.tenant_id)
            )

    def secret(self) -> bytes:
        """32 random bytes made with the store: the key of all its hashes."""
        return self._secret

    def close(self) -> None:
        """Drop everything; calling it again does nothing."""
        with self._lock:
            self._closed = True
            self._parts.clear()

    def _part(self, partition: Partition) -> Part:
        if self._closed:
            raise StoreError("this in-memory store is closed; make a new one")
        return self._parts.get(partition) or Part()

    def _session(self, scope: Scope) -> Session:
        return self._part(scope.partition).sessions.get(scope.session_id) or Session()

    def _assembled(self, scope: Scope, found: Sequence[KeptTurn]) -> list[Turn]:
        held = self._part(scope.partition).entries
        heads = [replace(turn.head, metadata=unpack_metadata(turn.metadata)) for turn in found]
        return assemble(heads, [held[item].read() for turn in found for item in turn.entries])

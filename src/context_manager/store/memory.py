"""A store in the memory of this process: the default of ``ContextManager()``, gone with it.

This file decides nothing that the SQLite store decides otherwise: both pass the same contract
suite. It knows no file, no driver and no clock.
"""

from __future__ import annotations

import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from context_manager.errors import StoreError
from context_manager.records import MemoryEntry, Partition, Scope, Turn
from context_manager.store.assembly import TurnHead, assemble
from context_manager.store.intake import (
    all_drafts,
    check_change,
    check_dimension,
    dimension,
    draft_vectors,
    duplicate,
    metadata_holds,
    pack_metadata,
    placed,
    unpack_metadata,
)
from context_manager.store.protocol import (
    Applied,
    Change,
    EntryDraft,
    EntryFilter,
    EntryRow,
    EntryUpdate,
    PassageDraft,
    PassageRow,
    Pending,
    Rows,
    TurnDraft,
    VectorUpdate,
    Version,
)

NEVER = Version(0, 0)
"""The version of a partition that was never written."""


@dataclass(slots=True)
class _Kept:
    """One entry as it is kept: its metadata packed, its vectors by model and ordinal."""

    key: int
    entry: MemoryEntry
    metadata: str
    digest: bytes
    passages: tuple[PassageDraft, ...]
    change: int
    vectors: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def read(self) -> MemoryEntry:
        return replace(self.entry, metadata=unpack_metadata(self.metadata))


@dataclass(slots=True)
class _KeptTurn:
    session_id: str
    head: TurnHead
    metadata: str
    entries: list[str]
    consolidated: bool = False


@dataclass(slots=True)
class _Part:
    """Everything of one partition. Dicts keep the order of insertion, which is that of age."""

    version: Version = NEVER
    entries: dict[str, _Kept] = field(default_factory=dict)
    turns: dict[str, _KeptTurn] = field(default_factory=dict)
    next_seq: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_digest: dict[bytes, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    done: dict[str, Applied] = field(default_factory=dict)


class MemoryStore:
    """Keeps everything in dicts under one lock.

    Example:
        >>> store = MemoryStore()
        >>> store.version(Partition("default", "default", "default"))
        Version(change=0, epoch=0)
    """

    location = ""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._parts: dict[Partition, _Part] = {}
        self._dimensions: dict[str, int] = {}
        self._next_key = 1
        self._secret = secrets.token_bytes(32)
        self._closed = False

    def apply(self, partition: Partition, change: Change) -> Applied:
        """Do a change atomically: everything that may fail is checked before the first step."""
        check_change(partition, change)
        with self._lock:
            part = self._part(partition)
            if change.key is not None and change.key in part.done:
                return part.done[change.key]
            self._check_ids(part, change)
            applied = self._apply(part, change)
            if change.key is not None:
                part.done[change.key] = applied
            if part.version != NEVER or part.done:
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
                [_entry_row(item) for item in kept],
                [row for item in kept for row in _passage_rows(item, model)],
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
            candidates: Iterable[_Kept] = part.entries.values()
            if where.digest is not None:
                ids = part.by_digest.get(where.digest, ())
                candidates = [part.entries[identifier] for identifier in ids]
            matching = (item for item in candidates if item.key > after and _matches(item, where))
            return [(item.key, item.read()) for item in islice(matching, limit)]

    def turns(
        self, scope: Scope, *, after: int = -1, before: int | None = None, last: int | None = None
    ) -> list[Turn]:
        """Turns of one session with ``after < seq < before`` in order; the ``last`` n if given."""
        with self._lock:
            found = [
                turn
                for turn in self._session(scope)
                if turn.head.seq > after and (before is None or turn.head.seq < before)
            ]
            return self._assembled(scope, found if last is None else found[-last:] if last else [])

    def unconsolidated(self, scope: Scope) -> list[Turn]:
        """Turns of one session that no summary stands for yet, in order."""
        with self._lock:
            found = [turn for turn in self._session(scope) if not turn.consolidated]
            return self._assembled(scope, found)

    def sessions(self, partition: Partition) -> list[Scope]:
        """Every session of the partition that has a turn, oldest first."""
        with self._lock:
            part = self._part(partition)
            living = {turn.session_id for turn in part.turns.values()}
            return [Scope(*partition, session) for session in part.next_seq if session in living]

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

    def partitions(self, tenant_id: str | None = None) -> list[Partition]:
        """Every partition that holds anything, sorted; of one tenant if given."""
        with self._lock:
            return sorted(
                partition
                for partition, part in self._parts.items()
                if part.entries and tenant_id in (None, partition.tenant_id)
            )

    def secret(self) -> bytes:
        """32 random bytes made with the store: the key of all its hashes."""
        return self._secret

    def close(self) -> None:
        """Drop everything; calling it again does nothing."""
        with self._lock:
            self._closed = True
            self._parts.clear()

    def _part(self, partition: Partition) -> _Part:
        if self._closed:
            raise StoreError("this in-memory store is closed; make a new one")
        return self._parts.get(partition) or _Part()

    def _check_ids(self, part: _Part, change: Change) -> None:
        gone = set(change.remove_entries)
        for turn_id in change.remove_turns:
            gone.update(part.turns[turn_id].entries if turn_id in part.turns else ())
        for draft in all_drafts(change):
            if draft.entry.id in part.entries and draft.entry.id not in gone:
                raise duplicate("entry", draft.entry.id)
        for turn in change.turns:
            held = part.turns.get(turn.turn.id)
            if held and turn.turn.id not in change.remove_turns and not gone >= set(held.entries):
                raise duplicate("turn", turn.turn.id)
        known = dict(self._dimensions)
        for update in _all_vectors(change):
            size = known.setdefault(update.model, dimension(update.vector))
            check_dimension(update.model, size, update.vector)

    def _apply(self, part: _Part, change: Change) -> Applied:
        now = part.version.change + 1
        removed = self._remove(part, change)
        seqs = tuple(self._append(part, draft, now) for draft in change.turns)
        for draft in change.entries:
            self._insert(part, draft, now)
        vectors = sum([self._set_vector(part, update, now) for update in change.vectors])
        updated = sum([_update(part, update, now) for update in change.updates])
        marked = sum([_consolidate(part, turn_id) for turn_id in change.consolidated])
        altered = bool(removed or updated)
        if altered or seqs or change.entries or vectors or marked:
            part.version = Version(now, part.version.epoch + altered)
        return Applied(part.version, seqs, removed)

    def _remove(self, part: _Part, change: Change) -> int:
        gone = dict.fromkeys(change.remove_entries)
        for turn_id in change.remove_turns:
            gone.update(dict.fromkeys(part.turns[turn_id].entries if turn_id in part.turns else ()))
        removed = [part.entries.pop(identifier, None) for identifier in gone]
        found = [item for item in removed if item is not None]
        for item in found:
            part.by_digest[item.digest].pop(item.entry.id, None)
            if item.entry.turn_id in part.turns:
                part.turns[item.entry.turn_id].entries.remove(item.entry.id)
        for turn_id in [name for name, turn in part.turns.items() if not turn.entries]:
            del part.turns[turn_id]
        return len(found)

    def _append(self, part: _Part, draft: TurnDraft, now: int) -> int:
        session, turn = draft.scope.session_id, draft.turn
        seq = part.next_seq[session]
        part.next_seq[session] = seq + 1
        items = placed(draft, seq)
        for item in items:
            self._insert(part, item, now)
        head = TurnHead(turn.id, seq, turn.timestamp, turn.token_count, turn.priority, {})
        if items:
            ids = [item.entry.id for item in items]
            part.turns[turn.id] = _KeptTurn(session, head, pack_metadata(turn.metadata), ids)
        return seq

    def _insert(self, part: _Part, draft: EntryDraft, now: int) -> None:
        packed = pack_metadata(draft.entry.metadata)
        entry = replace(draft.entry, metadata={}, embedding=None)
        kept = _Kept(self._next_key, entry, packed, draft.digest, draft.passages, now)
        self._next_key += 1
        part.entries[entry.id] = kept
        part.by_digest[draft.digest][entry.id] = None
        for update in draft_vectors(draft):
            self._set_vector(part, update, now)

    def _set_vector(self, part: _Part, update: VectorUpdate, now: int) -> bool:
        kept = part.entries.get(update.entry_id)
        if kept is None or not 0 <= update.ordinal < len(kept.passages):
            return False
        self._dimensions.setdefault(update.model, dimension(update.vector))
        kept.vectors.setdefault(update.model, {})[update.ordinal] = update.vector
        kept.change = now
        return True

    def _session(self, scope: Scope) -> list[_KeptTurn]:
        turns = self._part(scope.partition).turns.values()
        return [turn for turn in turns if turn.session_id == scope.session_id]

    def _assembled(self, scope: Scope, found: Sequence[_KeptTurn]) -> list[Turn]:
        held = self._part(scope.partition).entries
        heads = [replace(turn.head, metadata=unpack_metadata(turn.metadata)) for turn in found]
        return assemble(heads, [held[item].read() for turn in found for item in turn.entries])


def _all_vectors(change: Change) -> list[VectorUpdate]:
    own = [update for draft in all_drafts(change) for update in draft_vectors(draft)]
    return [*own, *change.vectors]


def _update(part: _Part, update: EntryUpdate, now: int) -> bool:
    kept = part.entries.get(update.entry_id)
    if kept is None:
        return False
    fields: dict[str, Any] = dict(update.fields)
    if "metadata" in fields:
        kept.metadata = pack_metadata(fields.pop("metadata"))
    kept.entry = replace(kept.entry, **fields)
    kept.change = now
    return True


def _consolidate(part: _Part, turn_id: str) -> bool:
    turn = part.turns.get(turn_id)
    if turn is None or turn.consolidated:
        return False
    turn.consolidated = True
    return True


def _entry_row(kept: _Kept) -> EntryRow:
    entry = kept.entry
    return EntryRow(
        kept.key,
        entry.id,
        entry.kind,
        entry.scope.session_id,
        entry.scope.task_id,
        entry.seq,
        entry.place,
        entry.timestamp,
        entry.role or "",
        int(entry.trust),
        entry.importance,
        entry.expires_at,
        entry.valid_from,
        entry.valid_to,
        entry.superseded_by is not None,
    )


def _passage_rows(kept: _Kept, model: str) -> list[PassageRow]:
    vectors = kept.vectors.get(model, {})
    return [
        PassageRow(
            kept.key, ordinal, item.start, item.end, item.tokens, item.words, vectors.get(ordinal)
        )
        for ordinal, item in enumerate(kept.passages)
    ]


_MATCHES: dict[str, Callable[[_Kept, Any], bool]] = {
    "kinds": lambda kept, wanted: kept.entry.kind in wanted,
    "session_id": lambda kept, wanted: kept.entry.scope.session_id == wanted,
    "task_id": lambda kept, wanted: kept.entry.scope.task_id == wanted,
    "turn_id": lambda kept, wanted: kept.entry.turn_id == wanted,
    "role": lambda kept, wanted: kept.entry.role == wanted,
    "since": lambda kept, wanted: kept.entry.timestamp >= wanted,
    "until": lambda kept, wanted: kept.entry.timestamp <= wanted,
    "source_id": lambda kept, wanted: wanted in kept.entry.source_ids,
    "digest": lambda kept, wanted: kept.digest == wanted,
    "metadata": lambda kept, wanted: metadata_holds(kept.metadata, wanted),
}


def _matches(kept: _Kept, where: EntryFilter) -> bool:
    wanted = ((test, getattr(where, name)) for name, test in _MATCHES.items())
    return all(value is None or test(kept, value) for test, value in wanted)

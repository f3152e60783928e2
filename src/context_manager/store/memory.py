"""A store in the memory of this process: the default of ``ContextManager()``, gone with it.

This file decides nothing that the SQLite store decides otherwise: both pass the same contract
suite. It knows no file, no driver and no clock.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from typing import Any

from context_manager.errors import StoreError
from context_manager.records import MemoryEntry, Partition, Scope, Turn
from context_manager.store.assembly import TurnHead, assemble
from context_manager.store.intake import (
    all_drafts,
    check_change,
    check_dimension,
    conflict,
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
    LedgerLine,
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
class _Session:
    next_seq: int = 0
    turns: dict[str, _KeptTurn] = field(default_factory=dict)


@dataclass(slots=True)
class _Part:
    """Everything of one partition. Dicts keep the order of insertion, which is that of age."""

    version: Version = NEVER
    entries: dict[str, _Kept] = field(default_factory=dict)
    turns: dict[str, _KeptTurn] = field(default_factory=dict)
    sessions: dict[str, _Session] = field(default_factory=dict)
    by_digest: dict[bytes, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    books: dict[str, dict[str, LedgerLine]] = field(default_factory=dict)
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
            _check_expected(part, change)
            self._check_ids(part, change)
            applied = self._apply(part, change)
            if change.key is not None:
                part.done[change.key] = applied
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
            tests = _tests(where)
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

    def _part(self, partition: Partition) -> _Part:
        if self._closed:
            raise StoreError("this in-memory store is closed; make a new one")
        return self._parts.get(partition) or _Part()

    def _check_ids(self, part: _Part, change: Change) -> None:
        gone = _doomed(part, change)
        for draft in all_drafts(change):
            if draft.entry.id in part.entries and draft.entry.id not in gone:
                raise duplicate("entry", draft.entry.id)
        for turn in change.turns:
            held = part.turns.get(turn.turn.id)
            if held and not gone.keys() >= set(held.entries):
                raise duplicate("turn", turn.turn.id)
        known = dict(self._dimensions)
        for update in _all_vectors(change):
            size = known.setdefault(update.model, dimension(update.vector))
            check_dimension(update.model, size, update.vector)

    def _apply(self, part: _Part, change: Change) -> Applied:
        now = part.version.change + 1
        removed = _erase(part) if change.erase else 0
        removed += self._remove(part, change)
        seqs = tuple(self._append(part, draft, now) for draft in change.turns)
        for draft in change.entries:
            self._insert(part, draft, now)
        vectors = sum([self._set_vector(part, update, now) for update in change.vectors])
        updated = sum([_update(part, update, now) for update in change.updates])
        marked = sum([_mark(part, turn_id, True) for turn_id in change.consolidated])
        reopened = sum([_mark(part, turn_id, False) for turn_id in change.reopened])
        dropped = sum(
            [_drop_vectors(item, change.drop_model, now) for item in part.entries.values()]
        )
        altered = bool(removed or updated or reopened or dropped)
        if altered or seqs or change.entries or vectors or marked:
            part.version = Version(now, part.version.epoch + altered)
        self._write_ledger(part, change)
        return Applied(part.version, seqs, removed)

    def _remove(self, part: _Part, change: Change) -> int:
        gone = _doomed(part, change)
        removed = [part.entries.pop(identifier, None) for identifier in gone]
        found = [item for item in removed if item is not None]
        for item in found:
            part.by_digest[item.digest].pop(item.entry.id, None)
            _shorten_turn(part, item.entry)
        return len(found)

    def _append(self, part: _Part, draft: TurnDraft, now: int) -> int:
        turn = draft.turn
        session = part.sessions.setdefault(draft.scope.session_id, _Session())
        seq = session.next_seq
        session.next_seq += 1
        items = placed(draft, seq)
        for item in items:
            self._insert(part, item, now)
        if items:
            head = TurnHead(turn.id, seq, turn.timestamp, turn.token_count, turn.priority, {})
            ids = [item.entry.id for item in items]
            packed = pack_metadata(turn.metadata)
            kept = _KeptTurn(draft.scope.session_id, head, packed, ids)
            part.turns[turn.id] = session.turns[turn.id] = kept
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

    def _write_ledger(self, part: _Part, change: Change) -> None:
        for book, name in change.strike:
            part.books.get(book, {}).pop(name, None)
        for draft in change.ledger:
            line = LedgerLine(self._next_key, draft.name, draft.body)
            part.books.setdefault(draft.book, {})[draft.name] = line
            self._next_key += 1

    def _session(self, scope: Scope) -> _Session:
        return self._part(scope.partition).sessions.get(scope.session_id) or _Session()

    def _assembled(self, scope: Scope, found: Sequence[_KeptTurn]) -> list[Turn]:
        held = self._part(scope.partition).entries
        heads = [replace(turn.head, metadata=unpack_metadata(turn.metadata)) for turn in found]
        return assemble(heads, [held[item].read() for turn in found for item in turn.entries])


def _doomed(part: _Part, change: Change) -> dict[str, None]:
    """Ids of what the change removes, each once."""
    ids = list(change.remove_entries)
    for turn_id in change.remove_turns:
        ids += part.turns[turn_id].entries if turn_id in part.turns else ()
    return dict.fromkeys(ids)


def _shorten_turn(part: _Part, gone: MemoryEntry) -> None:
    turn = part.turns.get(gone.turn_id or "")
    if turn is None:
        return
    turn.entries.remove(gone.id)
    turn.metadata = pack_metadata({})
    if not turn.entries:
        del part.turns[turn.head.id]
        del part.sessions[turn.session_id].turns[turn.head.id]


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


def _mark(part: _Part, turn_id: str, consolidated: bool) -> bool:
    turn = part.turns.get(turn_id)
    if turn is None or turn.consolidated == consolidated:
        return False
    turn.consolidated = consolidated
    return True


def _erase(part: _Part) -> int:
    removed = len(part.entries)
    for held in (part.entries, part.turns, part.sessions, part.by_digest, part.books):
        held.clear()
    return removed


def _drop_vectors(kept: _Kept, model: str, now: int) -> bool:
    if not kept.vectors.pop(model, None):
        return False
    kept.change = now
    return True


def _check_expected(part: _Part, change: Change) -> None:
    """Refuse a change that builds on what is no longer so."""
    entries, turns = part.entries, part.turns
    stale = [
        identifier
        for identifier in change.expect_entries
        if identifier not in entries or entries[identifier].entry.superseded_by is not None
    ]
    if stale:
        raise conflict(stale, "entries")
    stale = [name for name in change.expect_turns if name not in turns or turns[name].consolidated]
    if stale:
        raise conflict(stale, "turns")
    if change.expect_closed and not change.erase:
        _check_closed(part, change)
    struck = set(change.strike)
    taken = [
        line.name
        for line in change.ledger
        if not (line.replace or change.erase or (line.book, line.name) in struck)
        and line.name in part.books.get(line.book, {})
    ]
    if taken:
        raise conflict(taken, "ledger lines")


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
    "digest": lambda kept, wanted: kept.digest == wanted != b"",
    "metadata": lambda kept, wanted: metadata_holds(kept.metadata, wanted),
}


def _tests(where: EntryFilter) -> list[tuple[Callable[[_Kept, Any], bool], Any]]:
    """What has to be asked of each entry; nothing is asked for a field that is left out."""
    wanted = ((test, getattr(where, name)) for name, test in _MATCHES.items())
    return [(test, value) for test, value in wanted if value is not None and value != {}]


def _check_closed(part: _Part, change: Change) -> None:
    gone = set(change.remove_entries)
    for turn_id in change.remove_turns:
        gone.update(part.turns[turn_id].entries if turn_id in part.turns else ())
    derived = [
        identifier
        for identifier, kept in part.entries.items()
        if identifier not in gone and gone.intersection(kept.entry.source_ids)
    ]
    if derived:
        raise conflict(derived, "derived entries")

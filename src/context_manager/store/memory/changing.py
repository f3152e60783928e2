"""The steps of a change, done to what the in-memory store keeps of one partition.

This file decides their order, which is that of `protocol.Change`, and checks everything that may
fail before the first of them, so that a change happens whole or not at all. It knows no lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from context_manager.records import MemoryEntry
from context_manager.store.assembly import TurnHead
from context_manager.store.intake import (
    all_drafts,
    check_dimension,
    check_epoch,
    conflict,
    dimension,
    draft_vectors,
    duplicate,
    pack_metadata,
    placed,
)
from context_manager.store.memory.shelf import Kept, KeptTurn, Part, Session
from context_manager.store.protocol import (
    Applied,
    Change,
    EntryDraft,
    EntryUpdate,
    LedgerLine,
    TurnDraft,
    VectorUpdate,
    Version,
)


@dataclass(slots=True)
class Numbers:
    """What all partitions of a store share: the next key, and the dimension of each model."""

    next_key: int = 1
    dimensions: dict[str, int] = field(default_factory=dict)

    def take(self) -> int:
        """A key that was never given before."""
        self.next_key += 1
        return self.next_key - 1


class Changing:
    """The steps of one change of one partition; use once.

    Args:
        part: What is kept of the partition.
        numbers: What it shares with the others.
    """

    def __init__(self, part: Part, numbers: Numbers) -> None:
        self.part = part
        self.numbers = numbers
        self.now = part.version.change + 1

    def apply(self, change: Change) -> Applied:
        """Carry out the change, unless its key says that it was carried out before."""
        part = self.part
        if change.key is not None and change.key in part.done:
            return part.done[change.key]
        self._check_expected(change)
        self._check_drafts(change)
        applied = self._do(change)
        if change.key is not None:
            part.done[change.key] = applied
        return applied

    def _check_expected(self, change: Change) -> None:
        """Refuse a change that builds on what is no longer so."""
        check_epoch(change, self.part.version)
        entries, turns = self.part.entries, self.part.turns
        stale = [
            identifier
            for identifier in change.expect_entries
            if identifier not in entries or entries[identifier].entry.superseded_by is not None
        ]
        _refuse(stale, "entries")
        unfit = [
            name for name in change.expect_turns if name not in turns or turns[name].consolidated
        ]
        _refuse(unfit, "turns")
        if change.expect_closed and not change.erase:
            _refuse(self._derived(change), "derived entries")
        _refuse(self._taken_names(change), "ledger lines")

    def _derived(self, change: Change) -> list[str]:
        """Entries that would outlive what they were made from."""
        gone = self._doomed(change).keys()
        return [
            identifier
            for identifier, kept in self.part.entries.items()
            if identifier not in gone and gone & set(kept.entry.source_ids)
        ]

    def _taken_names(self, change: Change) -> list[str]:
        struck = set(change.strike)
        return [
            line.name
            for line in change.ledger
            if not (line.replace or change.erase or (line.book, line.name) in struck)
            and line.name in self.part.books.get(line.book, {})
        ]

    def _check_drafts(self, change: Change) -> None:
        """Refuse ids that exist and stay, and vectors that do not fit their model."""
        part, gone = self.part, self._doomed(change).keys()
        for draft in all_drafts(change):
            if draft.entry.id in part.entries and draft.entry.id not in gone:
                raise duplicate("entry", draft.entry.id)
        for turn in change.turns:
            held = part.turns.get(turn.turn.id)
            if held and not gone >= set(held.entries):
                raise duplicate("turn", turn.turn.id)
        known = dict(self.numbers.dimensions)
        for update in _all_vectors(change):
            size = known.setdefault(update.model, dimension(update.vector))
            check_dimension(update.model, size, update.vector)

    def _doomed(self, change: Change) -> dict[str, None]:
        """Ids of what the change removes, each once."""
        turns = self.part.turns
        ids = [*change.remove_entries, *(self.part.entries if change.erase else ())]
        for turn_id in change.remove_turns:
            ids += turns[turn_id].entries if turn_id in turns else ()
        return dict.fromkeys(ids)

    def _do(self, change: Change) -> Applied:
        part = self.part
        removed = self._remove(change)
        seqs = tuple(self._append(draft) for draft in change.turns)
        for draft in change.entries:
            self._insert(draft)
        vectors = sum([self._set_vector(update) for update in change.vectors])
        updated = sum([self._update(update) for update in change.updates])
        marked = sum([self._mark(turn_id, True) for turn_id in change.consolidated])
        reopened = sum([self._mark(turn_id, False) for turn_id in change.reopened])
        dropped = self._drop_vectors(change.drop_model) if change.drop_model else 0
        altered = bool(removed or updated or reopened or dropped)
        if altered or seqs or change.entries or vectors or marked:
            part.version = Version(self.now, part.version.epoch + altered)
        self._write_ledger(change)
        return Applied(part.version, seqs, removed)

    def _remove(self, change: Change) -> int:
        part = self.part
        removed = [part.entries.pop(identifier, None) for identifier in self._doomed(change)]
        found = [item for item in removed if item is not None]
        for item in found:
            part.by_digest[item.digest].pop(item.entry.id, None)
            self._shorten_turn(item.entry)
        if change.erase:
            part.sessions.clear()
            part.books.clear()
        return len(found)

    def _shorten_turn(self, gone: MemoryEntry) -> None:
        """A turn goes with its last message; one that lost a message loses its metadata."""
        part, turn = self.part, self.part.turns.get(gone.turn_id or "")
        if turn is None:
            return
        turn.entries.remove(gone.id)
        turn.metadata = pack_metadata({})
        if not turn.entries:
            del part.turns[turn.head.id]
            del part.sessions[turn.session_id].turns[turn.head.id]

    def _append(self, draft: TurnDraft) -> int:
        turn = draft.turn
        session = self.part.sessions.setdefault(draft.scope.session_id, Session())
        seq = session.next_seq
        session.next_seq += 1
        items = placed(draft, seq)
        for item in items:
            self._insert(item)
        if items:
            head = TurnHead(turn.id, seq, turn.timestamp, turn.token_count, turn.priority, {})
            ids = [item.entry.id for item in items]
            packed = pack_metadata(turn.metadata)
            kept = KeptTurn(draft.scope.session_id, head, packed, ids)
            self.part.turns[turn.id] = session.turns[turn.id] = kept
        return seq

    def _insert(self, draft: EntryDraft) -> None:
        packed = pack_metadata(draft.entry.metadata)
        entry = replace(draft.entry, metadata={}, embedding=None)
        key = self.numbers.take()
        self.part.entries[entry.id] = Kept(
            key, entry, packed, draft.digest, draft.passages, self.now
        )
        self.part.by_digest[draft.digest][entry.id] = None
        for update in draft_vectors(draft):
            self._set_vector(update)

    def _set_vector(self, update: VectorUpdate) -> bool:
        kept = self.part.entries.get(update.entry_id)
        if kept is None or not 0 <= update.ordinal < len(kept.passages):
            return False
        self.numbers.dimensions.setdefault(update.model, dimension(update.vector))
        kept.vectors.setdefault(update.model, {})[update.ordinal] = update.vector
        kept.change = self.now
        return True

    def _update(self, update: EntryUpdate) -> bool:
        kept = self.part.entries.get(update.entry_id)
        if kept is None:
            return False
        fields: dict[str, Any] = dict(update.fields)
        if "metadata" in fields:
            kept.metadata = pack_metadata(fields.pop("metadata"))
        kept.entry = replace(kept.entry, **fields)
        kept.change = self.now
        return True

    def _mark(self, turn_id: str, consolidated: bool) -> bool:
        turn = self.part.turns.get(turn_id)
        if turn is None or turn.consolidated == consolidated:
            return False
        turn.consolidated = consolidated
        return True

    def _drop_vectors(self, model: str) -> int:
        held = [kept for kept in self.part.entries.values() if kept.vectors.pop(model, None)]
        for kept in held:
            kept.change = self.now
        return len(held)

    def _write_ledger(self, change: Change) -> None:
        books = self.part.books
        for book, name in change.strike:
            books.get(book, {}).pop(name, None)
        for draft in change.ledger:
            line = LedgerLine(self.numbers.take(), draft.name, draft.body)
            books.setdefault(draft.book, {})[draft.name] = line


def _refuse(ids: list[str], kind: str) -> None:
    if ids:
        raise conflict(ids, kind)


def _all_vectors(change: Change) -> list[VectorUpdate]:
    own = [update for draft in all_drafts(change) for update in draft_vectors(draft)]
    return [*own, *change.vectors]

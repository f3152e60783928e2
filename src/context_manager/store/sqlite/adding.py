"""What a change adds: turns, entries with passages and sources, vectors, lines of the ledger.

This file decides which rows an addition becomes; when it comes stands in `writes`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import apsw

from context_manager.errors import InputError
from context_manager.records import MemoryEntry
from context_manager.store.codec import (
    entry_values,
    message_values,
    passage_values,
    turn_values,
)
from context_manager.store.intake import (
    all_drafts,
    check_dimension,
    conflict,
    dimension,
    draft_vectors,
    duplicate,
)
from context_manager.store.protocol import (
    Change,
    EntryDraft,
    TurnDraft,
    VectorUpdate,
)
from context_manager.store.sqlite.transaction import Steps


class Additions(Steps):
    """The steps that add rows."""

    def _add(self, change: Change) -> list[int]:
        """Add the turns and entries of a change; the seqs of the turns.

        Ids are not looked for beforehand: an index refuses those that exist, and only then it is
        found out which these are.
        """
        seqs: list[int] = []
        try:
            for turn in change.turns:
                seqs.append(self._append(turn))
            said = [
                item
                for turn, seq in zip(change.turns, seqs, strict=True)
                for item in message_values(turn, seq)
            ]
            self._insert([*said, *((draft, entry_values(draft.entry)) for draft in change.entries)])
        except (apsw.ConstraintError, InputError):
            self._refuse_taken(change, change.turns[len(seqs) : len(seqs) + 1])
            raise
        return seqs

    def _append(self, draft: TurnDraft) -> int:
        session = draft.scope.session_id
        found = self._run("next_seq", (self._id, session)).fetchone()
        seq = int(found[0]) if found else 0
        self._run("set_next_seq", (self._id, session, self._take_key(), seq + 1))
        if draft.entries:
            values = turn_values(session, draft.turn, seq)
            self._run("insert_turn", (self._id, *values, self._sum(*values)))
        elif self._has_turn(draft):
            raise duplicate("turn", draft.turn.id)
        return seq

    def _refuse_taken(self, change: Change, turns: Sequence[TurnDraft]) -> None:
        """Refuse an id of an entry that was given by an earlier change, or of one of these turns.

        What the change removes is gone by then.
        """
        ids = [draft.entry.id for draft in all_drafts(change)]
        rows = self._run("known_entry", (self._id, self._first_key, json.dumps(ids)))
        known = {identifier for (identifier,) in rows}
        for identifier in ids if known else ():
            if identifier in known:
                raise duplicate("entry", identifier)
        for turn in turns:
            if self._has_turn(turn):
                raise duplicate("turn", turn.turn.id)

    def _has_turn(self, draft: TurnDraft) -> bool:
        return self._run("known_turn", (self._id, draft.turn.id)).fetchone() is not None

    def _insert(self, items: Sequence[tuple[EntryDraft, tuple[Any, ...]]]) -> None:
        """Insert drafts, each with the values of its entry's columns."""
        if not items:
            return
        keyed = [(self._take_key(), *item) for item in items]
        self._many("insert_entry", [self._entry_row(*each) for each in keyed])
        self._many(
            "insert_passage",
            [
                self._passage_row(key, ordinal, passage_values(passage))
                for key, draft, _ in keyed
                for ordinal, passage in enumerate(draft.passages)
            ],
        )
        for key, draft, _ in keyed:
            self._insert_sources(key, draft.entry)
        rows = [
            self._vector_row(key, vector)
            for key, draft, _ in keyed
            for vector in draft_vectors(draft)
        ]
        if rows:
            self._many("set_vector", rows)

    def _insert_sources(self, key: int, entry: MemoryEntry) -> None:
        if entry.source_ids:
            rows = [(self._id, source, key) for source in entry.source_ids]
            self._many("insert_source", rows)

    def _entry_row(self, key: int, draft: EntryDraft, values: tuple[Any, ...]) -> tuple[Any, ...]:
        total = self._sum(key, *values, draft.digest)
        return (key, self._id, self._now, *values, draft.digest, total)

    def _passage_row(self, key: int, ordinal: int, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._id, key, ordinal, *values, self._sum(key, ordinal, *values))

    def _vector_row(self, key: int, update: VectorUpdate) -> tuple[Any, ...]:
        model = self._model(update)
        total = self._sum(update.model, key, update.ordinal, update.vector)
        return (self._id, model, key, update.ordinal, update.vector, total)

    def _model(self, update: VectorUpdate) -> int:
        if update.model not in self._models:
            found = self._run("model", (update.model,)).fetchone()
            if found is None:
                self._run("insert_model", (update.model, dimension(update.vector)))
                found = self._one("model", (update.model,))
            self._models[update.model] = found
        number, size = self._models[update.model]
        check_dimension(update.model, size, update.vector)
        return number

    def _set_vectors(self, updates: Sequence[VectorUpdate]) -> int:
        """Set the vectors of passages that are there; how many these are."""
        if not updates:
            return 0
        ids = list(dict.fromkeys(update.entry_id for update in updates))
        rows = self._run("passages_of", (json.dumps(ids), self._id))
        keys = {(identifier, ordinal): key for identifier, ordinal, key in rows}
        places = [(keys.get((update.entry_id, update.ordinal)), update) for update in updates]
        there = [(key, update) for key, update in places if key is not None]
        self._many("set_vector", [self._vector_row(key, update) for key, update in there])
        touched = dict.fromkeys(key for key, _ in there)
        self._many("touch_entry", [(self._now, self._id, key) for key in touched])
        return len(there)

    def _write_ledger(self, change: Change) -> None:
        for book, name in change.strike:
            self._strike(book, name)
        for line in change.ledger:
            if line.replace:
                self._strike(line.book, line.name)
            elif self._run("line", (self._id, line.book, line.name)).fetchone() is not None:
                raise conflict([line.name], "ledger lines")
            number, values = self._take_key(), (line.book, line.name, line.body)
            self._run("insert_line", (number, self._id, *values, self._sum(number, *values)))

    def _strike(self, book: str, name: str) -> None:
        self._run("strike", (self._id, book, name))
        self._erased = self._erased or self._connection.changes() > 0

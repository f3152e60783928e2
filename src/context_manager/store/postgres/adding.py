"""What a change adds: turns, entries with passages and sources, vectors, lines of the ledger.

This file decides which rows an addition becomes; when it comes stands in `writes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from context_manager.records import MemoryEntry
from context_manager.store.codec import entry_values, passage_values, turn_values
from context_manager.store.intake import (
    check_dimension,
    conflict,
    dimension,
    draft_vectors,
    duplicate,
)
from context_manager.store.postgres.near import blocks_of, near_table
from context_manager.store.postgres.transaction import Steps
from context_manager.store.protocol import Change, EntryDraft, TurnDraft, VectorUpdate


class Model(NamedTuple):
    """What is known of an embedding model in a partition; see the table `models`."""

    id: int
    dimension: int
    near: bool = False


class Additions(Steps):
    """The steps that add rows."""

    _models: dict[str, Model] | None = None

    def _check_ids(self, kinds: dict[str, Sequence[str]]) -> None:
        """Refuse ids that exist already, once what the change removes is gone."""
        table = {"entry": "known_entries", "turn": "known_turns"}
        found = {kind: self._run(table[kind], ids=list(ids)) for kind, ids in kinds.items() if ids}
        for kind, rows in found.items():
            known = {identifier for (identifier,) in rows}
            if known:
                raise duplicate(kind, next(item for item in kinds[kind] if item in known))

    def _append(self, drafts: Sequence[TurnDraft]) -> list[int]:
        """Append turns, each to its session; returns their seqs."""
        if not drafts:
            return []
        sessions = {draft.scope.session_id: 0 for draft in drafts}
        sessions.update(self._run("next_seqs", sessions=list(sessions)))
        ages: dict[str, int] = {}
        rows, seqs = [], []
        for draft in drafts:
            session = draft.scope.session_id
            seqs.append(sessions[session])
            sessions[session] += 1
            ages.setdefault(session, self._take_key())
            if draft.entries:
                values = turn_values(session, draft.turn, seqs[-1])
                rows.append((*self._owner, *self._summed(*values)))
        self._many(
            "set_next_seq",
            [(*self._owner, name, age, sessions[name]) for name, age in ages.items()],
        )
        self._many("insert_turn", rows)
        return seqs

    def _insert(self, drafts: Sequence[EntryDraft]) -> None:
        keyed = [(self._take_key(), draft) for draft in drafts]
        if not keyed:
            return
        self._entries += len(keyed)
        self._many(
            "insert_entry",
            [
                self._entry_row(key, self._now, (*entry_values(draft.entry), draft.digest))
                for key, draft in keyed
            ],
        )
        self._many(
            "insert_passage",
            [
                (*self._owner, *self._summed(key, ordinal, *passage_values(passage)))
                for key, draft in keyed
                for ordinal, passage in enumerate(draft.passages)
            ],
        )
        self._insert_sources([(key, draft.entry) for key, draft in keyed])
        self._write_vectors(
            [(key, vector) for key, draft in keyed for vector in draft_vectors(draft)]
        )

    def _entry_row(self, key: int, change: int, values: tuple[Any, ...]) -> tuple[Any, ...]:
        _, *summed = self._summed(key, *values)
        return (*self._owner, key, change, *summed)

    def _insert_sources(self, keyed: Sequence[tuple[int, MemoryEntry]]) -> None:
        self._many(
            "insert_source",
            [(*self._owner, source, key) for key, entry in keyed for source in entry.source_ids],
        )

    def _set_vectors(self, updates: Sequence[VectorUpdate]) -> int:
        """Store the vectors whose passages are there; how many those were."""
        if not updates:
            return 0
        ids = list({update.entry_id for update in updates})
        keys = {
            (identifier, ordinal): key
            for identifier, ordinal, key in self._run("known_passages", ids=ids)
        }
        found = [
            (keys[place], update)
            for update in updates
            if (place := (update.entry_id, update.ordinal)) in keys
        ]
        if found:
            self._write_vectors(found)
            touched = sorted({key for key, _ in found})
            self._run("touch_entries", change=self._now, keys=touched)
            self._refile(touched)
        return len(found)

    def _write_vectors(self, keyed: Sequence[tuple[int, VectorUpdate]]) -> None:
        self._many("set_vector", [self._vector_row(key, update) for key, update in keyed])

    def _vector_row(self, key: int, update: VectorUpdate) -> tuple[Any, ...]:
        model = self._model(update)
        _, *summed = self._summed(update.model, key, update.ordinal, update.vector)
        return (*self._owner, model, *summed)

    def _model(self, update: VectorUpdate) -> int:
        models = self._known_models()
        if update.model not in models:
            number = 1 + max((known.id for known in models.values()), default=0)
            size = dimension(update.vector)
            self._run("insert_model", fingerprint=update.model, id=number, dimension=size)
            models[update.model] = Model(number, size)
        known = models[update.model]
        check_dimension(update.model, known.dimension, update.vector)
        return known.id

    def _known_models(self) -> dict[str, Model]:
        if self._models is None:
            found = self._run("known_models")
            self._models = {name: Model(*values) for name, *values in found}
        return self._models

    def _refile(self, keys: Sequence[int]) -> None:
        """Have the vectors of these entries filed anew: they have others now."""
        models = self._known_models().values()
        near = [model.id for model in models if model.near]
        if near:
            self._run("unfile", models=near, blocks=blocks_of(keys))
            self._leave_near(near, keys)

    def _leave_near(self, models: Sequence[int], keys: Sequence[int]) -> None:
        """Take entries out of what finds the nearest vectors of these models."""
        for number in models:
            name = near_table(self._values["part"], number)
            self._connection.execute(
                f"DELETE FROM {name} WHERE tenant_id = %(tenant)s AND part = %(part)s"  # noqa: S608
                " AND entry = ANY(%(keys)s)",
                {**self._values, "keys": list(keys)},
            )

    def _write_ledger(self, change: Change) -> None:
        struck: dict[str, list[str]] = {}
        for book, name in change.strike:
            struck.setdefault(book, []).append(name)
        for book, names in struck.items():
            self._strike(book, names)
        rows: list[tuple[Any, ...]] = []
        for line in change.ledger:
            if line.replace:
                self._strike(line.book, [line.name])
                rows = [row for row in rows if row[3:5] != (line.book, line.name)]
            elif self._stands(line.book, line.name) or any(
                row[3:5] == (line.book, line.name) for row in rows
            ):
                raise conflict([line.name], "ledger lines")
            values = self._summed(self._take_key(), line.book, line.name, line.body)
            rows.append((*self._owner, *values))
        self._many("insert_line", rows)
        self._lines += len(rows)
        self._wrote = self._wrote or bool(rows)

    def _stands(self, book: str, name: str) -> bool:
        return self._run("known_lines", book=book, names=[name]).fetchone() is not None

    def _strike(self, book: str, names: Sequence[str]) -> None:
        gone = len(self._run("strike", book=book, names=list(names)).fetchall())
        self._lines -= gone
        self._wrote = self._wrote or gone > 0

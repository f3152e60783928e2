"""What a change removes or alters: entries, turns, vectors, marks, everything.

This file decides which rows go with which; when it happens stands in `writes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from context_manager.records import MemoryEntry
from context_manager.store.codec import entry_of, entry_values
from context_manager.store.postgres.adding import Additions, Model
from context_manager.store.postgres.near import blocks_of, near_table
from context_manager.store.protocol import Change, EntryUpdate

_ERASED = (
    "filed", "postings", "vectors", "models", "passages", "sources", "entries", "turns", "sessions",
    "ledger",
)  # fmt: skip

_NO_METADATA = "{}"


class Alterations(Additions):
    """The steps that remove or alter rows."""

    def _erase(self) -> int:
        removed = int(self._entries)
        self._wrote = bool(removed or self._lines)
        for model in self._known_models().values():
            self._drop_near(model)
        self._models = None
        for table in _ERASED:
            self._run(f"erase_{table}")
        self._entries = self._lines = 0
        return removed

    def _remove(self, change: Change) -> int:
        found: dict[int, tuple[str, int]] = {}
        asked = (("entry_places", change.remove_entries), ("turn_entries", change.remove_turns))
        for name, ids in asked:
            if ids:
                rows = self._run(name, ids=list(ids))
                found.update({key: (session, seq) for key, session, seq in rows})
        if not found:
            return 0
        keys = sorted(found)
        if change.expect_closed:
            self._refuse("derived_from", "derived entries", keys=keys)
        for table in ("vectors", "passages", "sources", "entries"):
            self._run(f"delete_{table}", keys=keys)
        self._leave_lists(keys)
        self._tidy_turns({place for place in found.values() if place[1] >= 0})
        self._entries -= len(found)
        return len(found)

    def _leave_lists(self, keys: Sequence[int]) -> None:
        """Take entries out of what finds candidates; the words of their blocks are filed anew."""
        blocks = blocks_of(keys)
        self._run("delete_postings", blocks=blocks)
        self._run("unfile", models=[0], blocks=blocks)
        near = [model.id for model in self._known_models().values() if model.near]
        self._leave_near(near, keys)

    def _drop_near(self, model: Model) -> None:
        if model.near:
            self._connection.execute(f"DROP TABLE {near_table(self._values['part'], model.id)}")

    def _tidy_turns(self, places: set[tuple[str, int]]) -> None:
        """A turn without a message goes; one that lost a message loses its metadata."""
        if places:
            sessions, seqs = map(list, zip(*sorted(places), strict=True))
            self._run("delete_empty_turns", sessions=sessions, seqs=seqs)
            torn = self._run("turns_at", sessions=sessions, seqs=seqs).fetchall()
            rows = [
                (*self._summed(*row, _NO_METADATA)[-2:], *self._owner, *row[1:3]) for row in torn
            ]
            self._many("set_turn_metadata", rows)

    def _update(self, updates: Sequence[EntryUpdate]) -> int:
        """Set new values; of how many entries."""
        if not updates:
            return 0
        ids = list({update.entry_id for update in updates})
        digests: dict[int, bytes] = {}
        entries: dict[str, tuple[int, MemoryEntry]] = {}
        for key, digest, *row in self._run("entries_for_update", ids=ids):
            digests[key] = digest
            entries[row[0]] = key, entry_of(self._partition, row)
        if not entries:
            return 0
        sourced = set()
        for update in updates:
            if update.entry_id in entries:
                key, entry = entries[update.entry_id]
                entries[update.entry_id] = key, replace(entry, **update.fields)
                sourced |= {key} if "source_ids" in update.fields else set()
        self._many(
            "update_entry",
            [
                self._update_row(key, entry_values(entry), digests[key])
                for key, entry in entries.values()
            ],
        )
        if sourced:
            self._run("delete_sources", keys=sorted(sourced))
            self._insert_sources([item for item in entries.values() if item[0] in sourced])
        return len(entries)

    def _update_row(self, key: int, values: tuple[Any, ...], digest: bytes) -> tuple[Any, ...]:
        *_, total = self._summed(key, *values, digest)
        return (self._now, *values, total, *self._owner, key)

    def _mark(self, name: str, ids: Sequence[str]) -> int:
        """Set or take the mark that a summary stands for these turns; how many had it changed."""
        return len(self._run(name, ids=list(ids)).fetchall()) if ids else 0

    def _drop_vectors(self, model: str) -> int:
        dropped = len(self._run("drop_model", model=model).fetchall()) if model else 0
        if dropped:
            self._run("touch_partition", change=self._now)
            known = self._known_models()[model]
            self._drop_near(known)
            for name in ("unfile_model", "lose_near"):
                self._run(name, id=known.id)
            self._models = None
        return dropped

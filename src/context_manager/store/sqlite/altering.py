"""What a change removes or alters: entries, turns, vectors, marks, everything.

This file decides which rows go with which, and remembers that bytes were left behind that a scrub
must overwrite; when it happens stands in `writes`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from context_manager.store.codec import (
    entry_of,
    entry_values,
)
from context_manager.store.protocol import (
    Change,
    EntryUpdate,
)
from context_manager.store.sqlite.adding import Additions


class Alterations(Additions):
    """The steps that remove or alter rows."""

    def _erase(self) -> int:
        removed = int(self._one("count_entries", (self._id,))[0])
        for table in ("vectors", "passages", "sources", "entries", "turns", "sessions", "ledger"):
            self._run(f"erase_{table}", (self._id,))
        self._erased = not self._idle()
        return removed

    def _remove(self, change: Change) -> int:
        found = {}
        for identifier in change.remove_entries:
            found.update(self._places("entry_place", identifier))
        for identifier in change.remove_turns:
            found.update(self._places("turn_entries", identifier))
        if not found:
            return 0
        self._erased = True
        if change.expect_closed:
            self._refuse("derived_from", list(found), "derived entries")
        keys = [(self._id, key) for key in found]
        for name in ("delete_vectors", "delete_passages", "delete_sources", "delete_entry"):
            self._many(name, keys)
        for session, seq in {place for place in found.values() if place[1] >= 0}:
            values = {"p": self._id, "session": session, "seq": seq}
            self._run("delete_empty_turn", values)
            self._clear_turn(values)
        return len(found)

    def _clear_turn(self, place: dict[str, Any]) -> None:
        """A turn that lost a message loses its metadata: they may tell of it."""
        found = self._run("turn_at", place).fetchone()
        if found is not None:
            identifier, seq, *rest, _ = found
            total = self._sum(identifier, place["session"], seq, *rest, "{}")
            self._run("clear_turn", {**place, "checksum": total})

    def _places(self, name: str, identifier: str) -> dict[int, tuple[str, int]]:
        rows = self._run(name, (self._id, identifier))
        return {key: (session, seq) for key, session, seq in rows}

    def _update(self, update: EntryUpdate) -> bool:
        found = self._run("entry_for_update", (self._id, update.entry_id)).fetchone()
        if found is None:
            return False
        self._erased = self._erased or "metadata" in update.fields
        key, digest, *row = found
        entry = replace(entry_of(self._partition, row), **update.fields)
        values = entry_values(entry)
        total = self._sum(key, *values, digest)
        self._run("update_entry", (self._now, *values, total, self._id, key))
        if "source_ids" in update.fields:
            self._run("delete_sources", (self._id, key))
            self._insert_sources(key, entry)
        return True

    def _consolidate(self, turn_id: str) -> bool:
        self._run("consolidate", (self._id, turn_id))
        return self._connection.changes() > 0

    def _reopen(self, turn_id: str) -> bool:
        self._run("reopen", (self._id, turn_id))
        return self._connection.changes() > 0

    def _drop_vectors(self, model: str) -> int:
        self._run("drop_model", {"p": self._id, "model": model})
        dropped = self._connection.changes()
        if dropped:
            self._erased = True
            self._run("touch_partition", (self._now, self._id))
        return dropped

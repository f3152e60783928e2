"""One change of one partition, step by step, inside one transaction.

This file decides the order of the steps, which is that of `protocol.Change`: what is expected, what
goes, what comes, what is altered, the ledger, the version. What the steps do stands in `adding` and
`altering`.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from context_manager.store.intake import check_epoch
from context_manager.store.protocol import (
    Applied,
    Change,
    Version,
)
from context_manager.store.sqlite.altering import Alterations


class Writing(Alterations):
    """A change; use once, inside `transaction.committing`."""

    def apply(self, change: Change) -> Applied:
        """Carry out the change, unless its key says that it was carried out before."""
        if change.key is not None:
            found = self._run("done", (self._id, self._digest(change.key))).fetchone()
            if found is not None:
                return _applied(found[0])
        self._check_expected(change)
        removed = (self._erase() if change.erase else 0) + self._remove(change)
        seqs = self._add(change)
        vectors = self._set_vectors(change.vectors)
        updated = sum([self._update(update) for update in change.updates])
        marked = sum([self._consolidate(turn_id) for turn_id in change.consolidated])
        reopened = sum([self._reopen(turn_id) for turn_id in change.reopened])
        dropped = self._drop_vectors(change.drop_model) if change.drop_model else 0
        self._write_ledger(change)
        added = bool(seqs or change.entries or vectors or marked)
        altered = bool(removed or updated or reopened or dropped)
        return self._finish(change, added, altered, seqs, removed)

    def _check_expected(self, change: Change) -> None:
        """Refuse a change that builds on what is no longer so."""
        check_epoch(change, self._before)
        self._refuse("superseded_or_gone", change.expect_entries, "entries")
        self._refuse("consolidated_or_gone", change.expect_turns, "turns")

    def _finish(
        self, change: Change, added: bool, altered: bool, seqs: list[int], removed: int
    ) -> Applied:
        version = self._before
        if added or altered:
            version = Version(self._now, version.epoch + altered)
            values = {"change": version.change, "epoch": version.epoch, "p": self._id}
            self._run("set_version", values)
        if self._next_key != self._first_key:
            self._run("set_next_key", (self._next_key,))
        applied = Applied(version, tuple(seqs), removed)
        if change.key is not None:
            packed = json.dumps(asdict(applied))
            self._run("insert_done", (self._id, self._digest(change.key), packed))
        if self._erased:
            self._run("mark_erased")
        if self._idle():
            self._connection.execute("ROLLBACK")
        return applied


def _applied(packed: str) -> Applied:
    held = json.loads(packed)
    return Applied(Version(*held["version"]), tuple(held["seqs"]), held["removed"])

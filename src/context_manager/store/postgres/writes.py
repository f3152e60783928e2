"""One change of one partition, step by step, inside one transaction.

This file decides the order of the steps, which is that of `protocol.Change`: what is expected, what
goes, what comes, what is altered, the ledger, the version. What the steps do stands in `adding` and
`altering`.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from context_manager.store.intake import all_drafts, check_epoch, placed
from context_manager.store.postgres.altering import Alterations
from context_manager.store.protocol import Applied, Change, Version


class Writing(Alterations):
    """A change; use once, inside `transaction.committing`."""

    def apply(self, change: Change) -> Applied:
        """Carry out the change, unless its key says that it was carried out before."""
        if change.key is not None:
            found = self._run("done", digest=self._digest(change.key)).fetchone()
            if found is not None:
                return _applied(found[0])
        self._check_expected(change)
        removed = (self._erase() if change.erase else 0) + self._remove(change)
        self._check_ids(
            {
                "entry": [draft.entry.id for draft in all_drafts(change)],
                "turn": [draft.turn.id for draft in change.turns],
            }
        )
        seqs = self._append(change.turns)
        turns = zip(change.turns, seqs, strict=True)
        drafts = [item for draft, seq in turns for item in placed(draft, seq)]
        self._insert([*drafts, *change.entries])
        vectors = self._set_vectors(change.vectors)
        updated = self._update(change.updates)
        marked = self._mark("consolidate", change.consolidated)
        reopened = self._mark("reopen", change.reopened)
        dropped = self._drop_vectors(change.drop_model)
        self._write_ledger(change)
        added = bool(seqs or change.entries or vectors or marked)
        altered = bool(removed or updated or reopened or dropped)
        return self._finish(change, added, altered, seqs, removed)

    def _check_expected(self, change: Change) -> None:
        """Refuse a change that builds on what is no longer so."""
        check_epoch(change, self._before)
        if change.expect_entries:
            self._refuse("superseded_or_gone", "entries", ids=list(change.expect_entries))
        if change.expect_turns:
            self._refuse("consolidated_or_gone", "turns", ids=list(change.expect_turns))

    def _finish(
        self, change: Change, added: bool, altered: bool, seqs: list[int], removed: int
    ) -> Applied:
        version = self._before
        if added or altered:
            version = Version(self._now, version.epoch + altered)
        applied = Applied(version, tuple(seqs), removed)
        if change.key is not None:
            packed = json.dumps(asdict(applied))
            self._run("insert_done", digest=self._digest(change.key), applied=packed)
        if added or altered or self._wrote or change.key is not None:
            self._set_partition(version)
        elif self._made:
            self._connection.execute("ROLLBACK")  # a partition without anything is none
        return applied


def _applied(packed: str) -> Applied:
    held = json.loads(packed)
    return Applied(Version(*held["version"]), tuple(held["seqs"]), held["removed"])

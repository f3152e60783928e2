"""One change of one partition, statement by statement, inside one transaction.

This file decides the order of the steps of a change: what goes first, then what comes, then what
is altered, then the version. It knows neither locks nor files; the transaction around it is begun
and ended by `committing`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import apsw

from context_manager.records import MemoryEntry, Partition
from context_manager.store.intake import (
    all_drafts,
    check_dimension,
    conflict,
    dimension,
    draft_vectors,
    duplicate,
    placed,
)
from context_manager.store.protocol import (
    Applied,
    Change,
    EntryDraft,
    EntryUpdate,
    TurnDraft,
    VectorUpdate,
    Version,
)
from context_manager.store.sqlite.codec import (
    checksum,
    entry_of,
    entry_values,
    key_digest,
    passage_values,
    turn_values,
)
from context_manager.store.sqlite.probe import Probe
from context_manager.store.sqlite.queries import QUERIES


@contextmanager
def committing(connection: apsw.Connection, probe: Probe) -> Iterator[None]:
    """A write transaction: committed when the block ends, rolled back when it raises.

    A block that found nothing to write may roll back itself.
    """
    probe("begin")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        if not connection.in_transaction:
            return
        probe("commit")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    probe("committed")


class Writing:
    """The steps of one change; use once, inside `committing`.

    Args:
        connection: The writer, in a transaction.
        partition: Whose memory is changed.
        secret: The key of the store's hashes.
        probe: Called with the name of each statement before it runs.
    """

    def __init__(
        self, connection: apsw.Connection, partition: Partition, secret: bytes, probe: Probe
    ) -> None:
        self._connection = connection
        self._partition = partition
        self._secret = secret
        self._probe = probe
        self._models: dict[str, tuple[int, int]] = {}
        self._id, version = self._open_partition()
        self._before = version
        self._now = version.change + 1
        self._next_key = self._first_key = int(self._one("next_key")[0])
        self._erased = False
        self._untouched = connection.total_changes()

    def apply(self, change: Change) -> Applied:
        """Carry out the change, unless its key says that it was carried out before."""
        if change.key is not None:
            found = self._run("done", (self._id, self._digest(change.key))).fetchone()
            if found is not None:
                return _applied(found[0])
        self._check_expected(change)
        removed = (self._erase() if change.erase else 0) + self._remove(change)
        self._check_ids("entry", [draft.entry.id for draft in all_drafts(change)])
        self._check_ids("turn", [draft.turn.id for draft in change.turns])
        items = [(draft, self._append(draft)) for draft in change.turns]
        drafts = [item for draft, seq in items for item in placed(draft, seq)]
        self._insert([*drafts, *change.entries])
        vectors = sum([self._set_vector(update) for update in change.vectors])
        updated = sum([self._update(update) for update in change.updates])
        marked = sum([self._consolidate(turn_id) for turn_id in change.consolidated])
        reopened = sum([self._reopen(turn_id) for turn_id in change.reopened])
        dropped = self._drop_vectors(change.drop_model) if change.drop_model else 0
        self._write_ledger(change)
        added = bool(items or change.entries or vectors or marked)
        altered = bool(removed or updated or reopened or dropped)
        return self._finish(change, added, altered, [seq for _, seq in items], removed)

    def _run(self, name: str, values: Sequence[Any] | dict[str, Any] = ()) -> apsw.Cursor:
        self._probe(name)
        return self._connection.execute(QUERIES[name], values)

    def _one(self, name: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        return next(self._run(name, values))

    def _many(self, name: str, rows: Iterable[Sequence[Any]]) -> None:
        self._probe(name)
        self._connection.executemany(QUERIES[name], rows)

    def _open_partition(self) -> tuple[int, Version]:
        found = self._run("partition", self._partition).fetchone()
        if found is None:
            self._run("insert_partition", self._partition)
            found = self._one("partition", self._partition)
        number, change, epoch = found
        return number, Version(change, epoch)

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
        if self._connection.total_changes() == self._untouched:
            self._connection.execute("ROLLBACK")
        return applied

    def _take_key(self) -> int:
        self._next_key += 1
        return self._next_key - 1

    def _check_expected(self, change: Change) -> None:
        """Refuse a change that builds on what is no longer so."""
        for name, kind, ids in (
            ("superseded_or_gone", "entries", change.expect_entries),
            ("consolidated_or_gone", "turns", change.expect_turns),
        ):
            if ids:
                rows = self._run(name, {"p": self._id, "ids": json.dumps(ids)})
                stale = [identifier for (identifier,) in rows]
                if stale:
                    raise conflict(stale, kind)

    def _check_ids(self, kind: str, ids: Sequence[str]) -> None:
        """Refuse an id that exists already, once what the change removes is gone."""
        if ids:
            rows = self._run(f"known_{kind}", (self._id, json.dumps(ids)))
            known = {identifier for (identifier,) in rows}
            if known:
                raise duplicate(kind, next(item for item in ids if item in known))

    def _erase(self) -> int:
        self._erased = True
        removed = int(self._one("count_entries", (self._id,))[0])
        for table in ("vectors", "passages", "sources", "entries", "turns", "sessions", "ledger"):
            self._run(f"erase_{table}", (self._id,))
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
            self._check_closed(list(found))
        keys = [(self._id, key) for key in found]
        for name in ("delete_vectors", "delete_passages", "delete_sources", "delete_entry"):
            self._many(name, keys)
        for session, seq in {place for place in found.values() if place[1] >= 0}:
            values = {"p": self._id, "session": session, "seq": seq}
            self._run("delete_empty_turn", values)
            self._clear_turn(values)
        return len(found)

    def _check_closed(self, keys: list[int]) -> None:
        rows = self._run("derived_from", {"p": self._id, "keys": json.dumps(keys)})
        derived = [identifier for (identifier,) in rows]
        if derived:
            raise conflict(derived, "derived entries")

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

    def _append(self, draft: TurnDraft) -> int:
        session = draft.scope.session_id
        found = self._run("next_seq", (self._id, session)).fetchone()
        seq = int(found[0]) if found else 0
        self._run("set_next_seq", (self._id, session, self._take_key(), seq + 1))
        if draft.entries:
            values = turn_values(session, draft.turn, seq)
            self._run("insert_turn", (self._id, *values, self._sum(*values)))
        return seq

    def _insert(self, drafts: Sequence[EntryDraft]) -> None:
        keyed = [(self._take_key(), draft) for draft in drafts]
        if not keyed:
            return
        self._many("insert_entry", [self._entry_row(key, draft) for key, draft in keyed])
        self._many(
            "insert_passage",
            [
                self._passage_row(key, ordinal, passage_values(passage))
                for key, draft in keyed
                for ordinal, passage in enumerate(draft.passages)
            ],
        )
        for key, draft in keyed:
            self._insert_sources(key, draft.entry)
        rows = [
            self._vector_row(key, vector) for key, draft in keyed for vector in draft_vectors(draft)
        ]
        if rows:
            self._many("set_vector", rows)

    def _insert_sources(self, key: int, entry: MemoryEntry) -> None:
        if entry.source_ids:
            rows = [(self._id, source, key) for source in entry.source_ids]
            self._many("insert_source", rows)

    def _entry_row(self, key: int, draft: EntryDraft) -> tuple[Any, ...]:
        values = entry_values(draft.entry)
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

    def _set_vector(self, update: VectorUpdate) -> bool:
        place = (self._id, update.entry_id, update.ordinal)
        found = self._run("has_passage", place).fetchone()
        if found is None:
            return False
        self._run("set_vector", self._vector_row(found[0], update))
        self._run("touch_entry", (self._now, self._id, found[0]))
        return True

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

    def _sum(self, *values: Any) -> bytes:
        return checksum(self._secret, self._partition, *values)

    def _digest(self, key: str) -> bytes:
        return key_digest(self._secret, key)


def _applied(packed: str) -> Applied:
    held = json.loads(packed)
    return Applied(Version(*held["version"]), tuple(held["seqs"]), held["removed"])

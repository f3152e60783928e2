"""Rows of a store as the arrays that ranking reads.

Decides the columns and how they grow. It knows neither a store nor which rows these are: all of a
partition, or some that were chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from context_manager.index import Column, LayeredPostings, VectorIndex
from context_manager.memory.snapshot import Snapshot
from context_manager.retrieval import KIND_CODES, ROLE_CODES, Corpus, Entries, unpack_columns
from context_manager.retrieval.corpus import Whole
from context_manager.store.protocol import EntryRow, PassageRow, Pending, Version
from context_manager.store.table import Table
from context_manager.store.vectors import Vectors

_PLACES = 1 << 20
"""Messages a turn may have before the order inside a session would suffer."""


class Columns:
    """The columns of some entries and their passages; rows are added at the end.

    Args:
        dimension: Length of the vectors.
        index: Makes an empty index for vectors of that length.
    """

    def __init__(self, dimension: int, index: Callable[[int], VectorIndex]) -> None:
        self._dimension = dimension
        self._snapshot: Snapshot | None = None  # the last one, which the next one continues
        self._row_of: dict[int, int] = {}
        self._ids = Column(np.object_)  # unlike a list, nothing that a collection of garbage walks
        self._sessions: dict[str, int] = {}
        self._tasks: dict[str, int] = {}
        self._columns = {name: Column(dtype) for name, dtype in _COLUMNS}
        self._passages = {name: Column(np.int32) for name in _PASSAGE_COLUMNS}
        self._lengths = Column(np.float32)
        self._tokens, self._counts = Column(np.int32), Column(np.int32)  # of each entry
        self._first_passage = Column(np.int32)
        self._vectors = index(dimension)
        self._postings = LayeredPostings()
        self._pending: dict[int, Pending] = {}  # by row of the passage

    def read(self, entries: Table[EntryRow], passages: Table[PassageRow]) -> None:
        """Add the entries that are new with their passages, and late vectors of the others."""
        known = len(self._ids)
        late = {key for key in entries.column("key") if key in self._row_of} if known else set()
        if late:
            self._fill(row for row in passages if row.entry_key in late)
            entries = entries.only(lambda row: row.key not in late)
            passages = passages.only(lambda row: row.entry_key not in late)
        self._row_of.update(zip(entries.column("key"), count(known)))
        self._ids.extend(entries.column("id"))
        self._add_entries(entries)
        self._add_passages(passages)
        self._add_sums(known)

    def _fill(self, late: Iterable[PassageRow]) -> None:
        """Take the vectors that passages known already have by now."""
        for row in late:
            if row.vector is not None:
                place = int(self._first_passage.rows[self._row_of[row.entry_key]]) + row.ordinal
                self._vectors.fill(place, np.frombuffer(row.vector, dtype="<f4"))
                self._pending.pop(place, None)

    def _add_entries(self, rows: Table[EntryRow]) -> None:
        for name, column in self._values(rows).items():
            self._columns[name].extend(column)

    def _add_sums(self, known: int) -> None:
        """What all passages of an entry cost and how many it has, of the entries from a row on."""
        first = int(self._passages["entry"].rows.searchsorted(known))
        owners = self._passages["entry"].rows[first:] - known
        tokens = self._passages["tokens"].rows[first:]
        size = len(self._ids) - known
        self._tokens.extend(np.bincount(owners, weights=tokens, minlength=size))
        self._counts.extend(np.bincount(owners, minlength=size))

    def alter(self, rows: Table[EntryRow]) -> None:
        """Give entries known already the values they have now; most differ in none of them."""
        known = rows.only(lambda row: row.key in self._row_of)
        places = [self._row_of[key] for key in known.column("key")]
        for name, values in self._values(known).items():
            column = self._columns[name]
            now = np.asarray(values, dtype=column.rows.dtype)
            if not np.array_equal(column.rows[places], now, equal_nan=now.dtype.kind == "f"):
                column.replace(places, now)
                if name in _LAYOUT:
                    self._snapshot = None  # the next one continues none

    def _values(self, rows: Table[EntryRow]) -> dict[str, NDArray[Any]]:
        given = rows.column
        sessions, tasks = self._sessions, self._tasks
        seq = np.array(given("seq"), dtype=np.int64)
        session = np.array(
            [sessions.setdefault(name, len(sessions)) for name in given("session_id")],
            dtype=np.int32,
        )
        made = {
            "session": session,
            "conversation": np.where(seq < 0, -1, session),
            "task": [tasks.setdefault(name, len(tasks)) for name in given("task_id")],
            "position": seq * _PLACES + np.array(given("place"), dtype=np.int64),
            "time": given("timestamp"),
            "kind": [KIND_CODES[kind] for kind in given("kind")],
            "role": [ROLE_CODES.get(role, 0) for role in given("role")],
            "expires": given("expires_at"),
        }
        # None becomes NaN where the type is a float.
        return {
            name: np.array(made[name] if name in made else given(name), dtype=dtype)
            for name, dtype in _COLUMNS
        }

    def _add_passages(self, rows: Table[PassageRow]) -> None:
        if not len(rows):
            return
        size = len(self._vectors)
        given = rows.column
        owners = [self._row_of[key] for key in given("entry_key")]
        first = np.flatnonzero(np.array(given("ordinal")) == 0) + size
        self._first_passage.extend(first)
        self._passages["entry"].extend(owners)
        for name in ("start", "end", "tokens"):
            self._passages[name].extend(given(name))
        vectors: Vectors = given("vector")
        for at in vectors.missing:
            row = rows[at]
            job = Pending(self._ids.rows[owners[at]], row.ordinal, row.start, row.end)
            self._pending[size + at] = job
        self._vectors.take(vectors.matrix(self._dimension))
        words = unpack_columns(given("words"))
        self._lengths.extend(words.lengths)
        self._postings = self._postings.extended(words.terms, words.sizes, words.counts)

    def freeze(self, version: Version, whole: Whole | None = None) -> Snapshot:
        """What there is now, as of this version of the store.

        Args:
            version: Of the store.
            whole: What the rows were chosen from; None where they are all there is.
        """
        before = self._snapshot
        column = {name: values.rows for name, values in self._columns.items()}
        passage = {name: values.rows for name, values in self._passages.items()}
        entries = Entries(
            session=column["conversation"],
            position=column["position"],
            time=column["time"],
            kind=column["kind"],
            role=column["role"],
            trust=column["trust"],
            importance=column["importance"],
            tokens=self._tokens.rows,
        )
        corpus = Corpus(
            entries=entries,
            entry=passage["entry"],
            length=self._lengths.rows,
            tokens=passage["tokens"],
            vectors=self._vectors.frozen(self._pending),
            postings=self._postings,
            whole=whole,
            continues=None if before is None else before.corpus,
        )
        self._snapshot = Snapshot(
            version=version,
            corpus=corpus,
            ids=self._ids.rows,
            session=column["session"],
            task=column["task"],
            starts=passage["start"],
            ends=passage["end"],
            counts=self._counts.rows,
            expires=column["expires"],
            valid_from=column["valid_from"],
            valid_to=column["valid_to"],
            superseded=column["superseded"],
            sessions=self._sessions,
            tasks=self._tasks,
            pending=tuple(self._pending.values()),
        )
        return self._snapshot


_COLUMNS: tuple[tuple[str, type], ...] = (
    ("session", np.int32),
    ("conversation", np.int32),
    ("task", np.int32),
    ("position", np.int64),
    ("time", np.float64),
    ("kind", np.int8),
    ("role", np.int8),
    ("trust", np.int8),
    ("importance", np.float32),
    ("expires", np.float64),
    ("valid_from", np.float64),
    ("valid_to", np.float64),
    ("superseded", np.bool_),
)
_LAYOUT = ("conversation", "position")
"""What says which passages were said near which."""

_PASSAGE_COLUMNS = ("entry", "start", "end", "tokens")

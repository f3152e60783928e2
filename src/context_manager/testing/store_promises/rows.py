"""Ranking can follow a store, and vectors of two models never mix."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import Any

import pytest

from context_manager.errors import (
    EmbeddingError,
)
from context_manager.records import MemoryEntry, Trust
from context_manager.store.protocol import (
    Change,
    EntryDraft,
    EntryUpdate,
    PassageDraft,
    Pending,
    Store,
    VectorUpdate,
    Version,
)
from context_manager.testing.store_promises.samples import (
    HERE,
    HOME,
    MODEL,
    exchange,
    note,
    vector,
)


class RowPromises:
    """Ranking can follow a store, and vectors of two models never mix."""

    def test_what_has_no_vector_is_pending_until_it_has(self, store: Store) -> None:
        long = EntryDraft(
            MemoryEntry("long", "abcdef", scope=HOME),
            (PassageDraft(0, 3, b"", 1), PassageDraft(3, 6, b"", 1)),
        )
        ready = replace(note("ready"), vectors=(vector(0, 1, 0),), model=MODEL)
        store.apply(HERE, Change(entries=(long, ready)))
        assert store.pending(HERE, MODEL, 10) == [
            Pending("long", 0, 0, 3),
            Pending("long", 1, 3, 6),
        ]
        assert store.pending(HERE, MODEL, 1) == [Pending("long", 0, 0, 3)]
        store.apply(HERE, Change(vectors=(VectorUpdate("long", 0, vector(1, 0, 0), MODEL),)))
        assert store.pending(HERE, MODEL, 10) == [Pending("long", 1, 3, 6)]
        assert len(store.pending(HERE, "another model", 10)) == 3

    def test_vectors_of_two_models_never_mix(self, store: Store) -> None:
        store.apply(HERE, Change(entries=(note("a"), note("b"))))
        updates = (
            VectorUpdate("a", 0, vector(1, 0, 0), MODEL),
            VectorUpdate("a", 0, vector(0, 1, 0), "other/3"),
            VectorUpdate("b", 0, vector(0, 0, 1), "other/3"),
        )
        store.apply(HERE, Change(vectors=updates))
        assert store.vectors(HERE, ["a", "b"], MODEL) == {"a": vector(1, 0, 0)}
        assert [row.vector for row in store.rows(HERE, MODEL).passages] == [vector(1, 0, 0), None]
        assert [row.vector for row in store.rows(HERE, "none").passages] == [None, None]

    def test_a_vector_given_again_replaces_the_first(self, store: Store) -> None:
        store.apply(HERE, Change(entries=(note("a"),)))
        for numbers in ((1, 0, 0), (0, 1, 0)):
            store.apply(HERE, Change(vectors=(VectorUpdate("a", 0, vector(*numbers), MODEL),)))
        assert store.vectors(HERE, ["a"], MODEL) == {"a": vector(0, 1, 0)}
        assert len(store.rows(HERE, MODEL).passages) == 1

    @pytest.mark.parametrize(
        "bad",
        [b"", b"123", struct.pack("<3f", math.nan, 0, 0), struct.pack("<3f", math.inf, 0, 0),
         struct.pack("<3f", 0, 0, 0), struct.pack("<3f", 3, 0, 0), vector(1, 0)],
        ids=["empty", "odd", "nan", "infinite", "zero", "long", "dimension"],
    )  # fmt: skip
    def test_a_vector_that_would_spoil_search_is_refused(self, store: Store, bad: bytes) -> None:
        good = replace(note("good"), vectors=(vector(1, 0, 0),), model=MODEL)
        store.apply(HERE, Change(entries=(good, note("a"))))
        with pytest.raises(EmbeddingError):
            store.apply(HERE, Change(vectors=(VectorUpdate("a", 0, bad, MODEL),)))
        with pytest.raises(EmbeddingError):
            draft = replace(note("b"), vectors=(bad,), model=MODEL)
            store.apply(HERE, Change(entries=(draft,)))
        assert store.pending(HERE, MODEL, 10) == [Pending("a", 0, 0, 6)]

    def test_rows_hold_what_ranking_needs(self, store: Store) -> None:
        draft = note(
            "f", "fact", scope=replace(HOME, task_id="job"), kind="fact", timestamp=3.0,
            trust=Trust.ASSISTANT, importance=0.25, expires_at=9.0, valid_from=1.0, valid_to=2.0,
            superseded_by="g", place=3,
        )  # fmt: skip
        store.apply(HERE, Change(turns=(exchange("t", "hello"),), entries=(draft,)))
        message, fact = store.rows(HERE, MODEL).entries
        assert message[1:] == (
            "t.0", "message", "monday", "", 0, 0, 5.0, "user", 3, 0.5, None, None, None, False,
        )  # fmt: skip
        assert fact[1:] == (
            "f", "fact", "monday", "job", -1, 3, 3.0, "", 2, 0.25, 9.0, 1.0, 2.0, True,
        )  # fmt: skip
        assert fact.key > message.key
        passages = [(row.entry_key, *row[1:]) for row in store.rows(HERE, MODEL).passages]
        assert passages == [
            (message.key, 0, 0, 5, 3, b"\x01\x02", None),
            (fact.key, 0, 0, 4, 3, b"\x01\x02", None),
        ]

    def test_rows_can_be_followed(self, store: Store) -> None:
        """A reader that asks for what came since its version ends with what a new reader sees."""
        known: dict[int, Any] = {}
        seen = Version(0, 0)
        changes = (
            Change(entries=(note("a"), note("b"))),
            Change(vectors=(VectorUpdate("a", 0, vector(1, 0, 0), MODEL),)),
            Change(turns=(exchange("t", "x", "y"),)),
            Change(updates=(EntryUpdate("b", {"importance": 1.0}),)),
            Change(remove_entries=("a",), entries=(note("c"),)),
        )
        for change in changes:
            store.apply(HERE, change)
            since = seen.change if store.version(HERE).epoch == seen.epoch else 0
            rows = store.rows(HERE, MODEL, since)
            known = known if since else {}
            seen = rows.version
            for entry in rows.entries:
                passages = [row for row in rows.passages if row.entry_key == entry.key]
                known[entry.key] = (entry, passages)
        fresh = store.rows(HERE, MODEL)
        assert seen == fresh.version == store.version(HERE)
        assert [known[key][0] for key in sorted(known)] == list(fresh.entries)
        assert [row for key in sorted(known) for row in known[key][1]] == list(fresh.passages)

    def test_rows_since_the_present_are_empty(self, store: Store) -> None:
        version = store.apply(HERE, Change(entries=(note("a"),))).version
        rows = store.rows(HERE, MODEL, version.change)
        assert (list(rows.entries), list(rows.passages), rows.version) == ([], [], version)

    def test_keys_are_never_used_twice(self, store: Store) -> None:
        store.apply(HERE, Change(entries=(note("a"), note("b"))))
        last = store.rows(HERE, MODEL).entries[-1].key
        store.apply(HERE, Change(remove_entries=("b",)))
        store.apply(HERE, Change(entries=(note("b"),)))
        assert store.rows(HERE, MODEL).entries[-1].key > last

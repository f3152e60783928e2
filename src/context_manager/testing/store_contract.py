"""What every store must do, as a class of tests to inherit from.

A back end's author writes three lines::

    class TestMyStore(StoreContract):
        def open(self, place):
            return MyStore(place / "memory")

and runs pytest. A store that finds its memory again when the same place is opened again inherits
from `DurableStoreContract` instead.
This file knows the protocol only; each test's name states a promise.
"""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from context_manager.errors import (
    ConflictError,
    ContextManagerError,
    EmbeddingError,
    InputError,
    ScopeError,
)
from context_manager.records import MemoryEntry, Message, Partition, Scope, Trust, Turn
from context_manager.store.protocol import (
    Applied,
    Change,
    EntryDraft,
    EntryFilter,
    EntryUpdate,
    LedgerDraft,
    PassageDraft,
    Pending,
    Store,
    TurnDraft,
    VectorUpdate,
    Version,
)

HOME = Scope("acme", "ann", "helper", "monday")
HERE = HOME.partition
MODEL = "tiny/3"

NASTY_TEXTS = (
    "plain",
    "",
    " \t\r\n ",
    "NUL \0 inside",
    "naïve café 東京 🧑‍🚀 \u202eright to left\u202c \ufeff e\u0301",
    "\U000e0041\U000e007f hidden tags \u200b\u2060",
    "'; DROP TABLE entries; -- \" ` % _ * ? :p {columns} \\",
    "a" * 200_000,
)
NASTY_IDS = ("u1", "u10", "U1", "u%", "u_", "u*", "ü1", "u\u0308" + "1", "../u1", "u1'--", "u1 ")


def vector(*numbers: float) -> bytes:
    """A packed vector of unit length in the direction given."""
    length = math.hypot(*numbers)
    return struct.pack(f"<{len(numbers)}f", *(number / length for number in numbers))


def note(identifier: str, text: str = "a note", scope: Scope = HOME, **fields: Any) -> EntryDraft:
    """A draft of a note of one passage."""
    entry = MemoryEntry(identifier, text, scope=scope, **fields)
    return EntryDraft(entry, (PassageDraft(0, len(text), b"\x01\x02", 3),))


def exchange(
    identifier: str, *texts: str, scope: Scope = HOME, timestamp: float = 5.0
) -> TurnDraft:
    """A draft of a turn: user and assistant by turns, one entry for each text."""
    roles = ("user", "assistant")
    messages = tuple(Message(roles[i % 2], text) for i, text in enumerate(texts))  # type: ignore[arg-type]
    turn = replace(Turn.of(messages, 7, timestamp), id=identifier, metadata={"n": 1}, priority=2.0)
    drafts = tuple(
        note(
            f"{identifier}.{place}",
            message.text,
            scope,
            kind="message",
            role=message.role,
            timestamp=timestamp,
        )
        for place, message in enumerate(messages)
    )
    return TurnDraft(scope, turn, drafts)


class StoreContract:
    """Inherit, define `open`, and every promise of the `Store` protocol becomes a test."""

    def open(self, place: Path) -> Store:
        """A store whose data lie below this empty or already used directory."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """An empty store, closed after the test."""
        made = self.open(tmp_path)
        yield made
        made.close()

    # --- entries ---------------------------------------------------------------------------------

    def test_an_entry_comes_back_exactly(self, store: Store) -> None:
        """Every field, with the types it went in with; the embedding is not kept here."""
        draft = note(
            "mem_1",
            "Ann moved to Oslo",
            scope=replace(HOME, task_id="move"),
            kind="fact",
            name="Ann",
            role="user",
            metadata={"b": [1, 2.5, None, True, {"c": "ü"}], "a": "x", "lone": "\ud800"},
            timestamp=12.25,
            place=4,
            trust=Trust.EXTERNAL,
            importance=0.75,
            source_ids=("mem_0", "mem_9"),
            expires_at=99.5,
            valid_from=1.5,
            valid_to=2.5,
            superseded_by="mem_2",
        )
        store.apply(HERE, Change(entries=(draft,)))
        assert store.entries(HERE, ["mem_1"]) == [draft.entry]

    @pytest.mark.parametrize("text", NASTY_TEXTS, ids=range(len(NASTY_TEXTS)))
    def test_any_text_comes_back_exactly(self, store: Store, text: str) -> None:
        """Text is data: nothing is trimmed, normalised, cut or executed."""
        store.apply(HERE, Change(entries=(note("n", text, metadata={"key": text}),)))
        found = store.entries(HERE, ["n"])[0]
        assert (found.text, found.metadata) == (text, {"key": text})

    def test_entries_come_in_the_order_asked_and_unknown_ones_are_left_out(
        self, store: Store
    ) -> None:
        store.apply(HERE, Change(entries=tuple(note(name) for name in "abc")))
        assert [entry.id for entry in store.entries(HERE, ["c", "x", "a"])] == ["c", "a"]
        assert store.entries(HERE, []) == []

    def test_what_was_read_cannot_change_what_is_kept(self, store: Store) -> None:
        given = {"tags": ["x"]}
        store.apply(HERE, Change(entries=(note("n", metadata=given),)))
        given["tags"].append("changed by the caller")
        store.entries(HERE, ["n"])[0].metadata["tags"].append("changed by a reader")
        assert store.entries(HERE, ["n"])[0].metadata == {"tags": ["x"]}

    # --- turns -----------------------------------------------------------------------------------

    def test_a_turn_comes_back_exactly_with_its_seq(self, store: Store) -> None:
        draft = exchange("t1", "hello", "hi there")
        applied = store.apply(HERE, Change(turns=(draft,)))
        assert applied.seqs == (0,)
        assert store.turns(HOME) == [replace(draft.turn, seq=0)]

    def test_messages_of_a_turn_know_their_turn_seq_and_place(self, store: Store) -> None:
        store.apply(HERE, Change(turns=(exchange("t0", "a"), exchange("t1", "b", "c"))))
        found = store.entries(HERE, ["t1.0", "t1.1"])
        assert [(item.turn_id, item.seq, item.place) for item in found] == [
            ("t1", 1, 0),
            ("t1", 1, 1),
        ]
        assert all(item.scope == HOME for item in found)

    def test_names_times_and_metadata_of_messages_are_kept(self, store: Store) -> None:
        message = Message("user", "hello", name="Zoë", timestamp=4.0, metadata={"x": 1})
        turn = replace(Turn.of((message,), 1, 5.0), id="t")
        entry = MemoryEntry(
            "t.0", "hello", metadata={"x": 1}, timestamp=4.0, kind="message", scope=HOME,
            role="user", name="Zoë",
        )  # fmt: skip
        store.apply(HERE, Change(turns=(TurnDraft(HOME, turn, (EntryDraft(entry, ()),)),)))
        assert store.turns(HOME)[0].messages == (message,)

    def test_turns_are_ordered_by_seq_and_never_by_the_clock(self, store: Store) -> None:
        for name, when in (("a", 9.0), ("b", -5.0), ("c", 9.0), ("d", 253402300799.0)):
            store.apply(HERE, Change(turns=(exchange(name, "x", timestamp=when),)))
        assert [(turn.id, turn.seq) for turn in store.turns(HOME)] == list(
            zip("abcd", range(4), strict=True)
        )

    def test_turns_can_be_bounded(self, store: Store) -> None:
        store.apply(HERE, Change(turns=tuple(exchange(name, "x") for name in "abcde")))
        assert _ids(store.turns(HOME, after=1)) == "cde"
        assert _ids(store.turns(HOME, before=2)) == "ab"
        assert _ids(store.turns(HOME, last=2)) == "de"
        assert _ids(store.turns(HOME, last=0)) == ""
        assert _ids(store.turns(HOME, after=0, before=4, last=2)) == "cd"

    def test_each_session_counts_for_itself(self, store: Store) -> None:
        other = replace(HOME, session_id="tuesday")
        drafts = (exchange("a", "x"), exchange("b", "x", scope=other), exchange("c", "x"))
        assert store.apply(HERE, Change(turns=drafts)).seqs == (0, 0, 1)
        assert (_ids(store.turns(HOME)), _ids(store.turns(other))) == ("ac", "b")

    def test_tasks_share_the_turns_of_their_session(self, store: Store) -> None:
        task = replace(HOME, task_id="shopping")
        store.apply(HERE, Change(turns=(exchange("a", "x"), exchange("b", "x", scope=task))))
        assert _ids(store.turns(task)) == _ids(store.turns(HOME)) == "ab"
        assert [entry.scope for entry in store.entries(HERE, ["a.0", "b.0"])] == [HOME, task]

    def test_a_seq_is_never_used_twice(self, store: Store) -> None:
        store.apply(HERE, Change(turns=(exchange("a", "x"), exchange("b", "x"))))
        store.apply(HERE, Change(remove_turns=("b",)))
        assert store.apply(HERE, Change(turns=(exchange("c", "x"),))).seqs == (2,)

    def test_a_turn_shrinks_with_its_messages_and_goes_with_the_last(self, store: Store) -> None:
        store.apply(HERE, Change(turns=(exchange("a", "one", "two"),)))
        assert store.apply(HERE, Change(remove_entries=("a.0",))).removed == 1
        assert store.turns(HOME)[0].text == "Assistant: two"
        store.apply(HERE, Change(remove_entries=("a.1",)))
        assert store.turns(HOME) == store.unconsolidated(HOME) == []
        assert store.sessions(HERE) == []

    def test_consolidated_turns_stay_and_are_no_longer_open(self, store: Store) -> None:
        store.apply(HERE, Change(turns=tuple(exchange(name, "x") for name in "abc")))
        store.apply(HERE, Change(consolidated=("a", "c", "unknown")))
        assert (_ids(store.unconsolidated(HOME)), _ids(store.turns(HOME))) == ("b", "abc")

    def test_sessions_are_listed_oldest_first(self, store: Store) -> None:
        names = ("wednesday", "monday", "tuesday")
        scopes = [replace(HOME, session_id=name) for name in names]
        for place, scope in enumerate([*scopes, scopes[0]]):
            store.apply(HERE, Change(turns=(exchange(f"t{place}", "x", scope=scope),)))
        assert store.sessions(HERE) == scopes

    # --- changes ---------------------------------------------------------------------------------

    def test_versions_grow_and_epochs_tell_of_what_was_altered(self, store: Store) -> None:
        assert store.version(HERE) == Version(0, 0)
        steps = (
            (Change(turns=(exchange("t", "x", "y"),)), False),
            (Change(entries=(note("n"),)), False),
            (Change(vectors=(VectorUpdate("n", 0, vector(1, 0, 0), MODEL),)), False),
            (Change(consolidated=("t",)), False),
            (Change(updates=(EntryUpdate("n", {"importance": 0.9}),)), True),
            (Change(remove_entries=("n",)), True),
            (Change(remove_turns=("t",)), True),
        )
        for change, altering in steps:
            before, after = store.version(HERE), store.apply(HERE, change).version
            assert after == store.version(HERE)
            assert after.change > before.change
            assert (after.epoch > before.epoch) == altering, change

    def test_a_change_that_finds_nothing_changes_nothing(self, store: Store) -> None:
        before = store.apply(HERE, Change(entries=(note("n"),))).version
        nothing = Change(
            vectors=(
                VectorUpdate("gone", 0, vector(1, 0, 0), MODEL),
                VectorUpdate("n", 7, vector(1, 0, 0), MODEL),
            ),
            updates=(EntryUpdate("gone", {"importance": 1.0}),),
            remove_entries=("gone",),
            remove_turns=("gone",),
            consolidated=("gone",),
        )
        assert store.apply(HERE, nothing) == Applied(before)
        assert store.apply(HERE, Change()) == Applied(before)

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            (Change(entries=(note("new"), note("old"))), InputError),
            (Change(entries=(note("new"), note("new"))), InputError),
            (Change(turns=(exchange("new", "x"), exchange("turn", "x"))), InputError),
            (Change(turns=(exchange("", "x"),)), InputError),
            (Change(entries=(note("new"), note(""))), InputError),
            (Change(entries=(note("new"), note("n", "\ud800"))), InputError),
            (Change(entries=(note("new"), note("n", timestamp=math.nan))), InputError),
            (Change(entries=(note("new"), note("n", kind="rumour"))), InputError),
            (Change(entries=(note("new"), note("n", turn_id="turn", seq=0))), InputError),
            (Change(entries=(note("new"), note("n", metadata={"x": object()}))), InputError),
            (Change(entries=(note("new"), note("n", metadata={"x": math.inf}))), InputError),
            (
                Change(entries=(note("new"), note("n", scope=replace(HOME, user_id="bob")))),
                ScopeError,
            ),
            (
                Change(turns=(exchange("new", "x", scope=replace(HOME, tenant_id="evil")),)),
                ScopeError,
            ),
            (
                Change(entries=(note("new"),), updates=(EntryUpdate("old", {"text": "x"}),)),
                InputError,
            ),
            (
                Change(entries=(note("new"),), updates=(EntryUpdate("old", {"scope": HOME}),)),
                InputError,
            ),
            (
                Change(entries=(EntryDraft(MemoryEntry("new", "x", scope=HOME),
                                           (PassageDraft(0, 2, b"", 1),)),)),
                InputError,
            ),
        ],
    )  # fmt: skip
    def test_a_refused_change_leaves_no_trace(
        self, store: Store, change: Change, error: type[ContextManagerError]
    ) -> None:
        store.apply(HERE, Change(turns=(exchange("turn", "x"),), entries=(note("old"),)))
        before = _picture(store)
        with pytest.raises(error):
            store.apply(HERE, change)
        assert _picture(store) == before

    def test_removal_comes_first_so_an_id_can_be_replaced_in_one_change(self, store: Store) -> None:
        store.apply(HERE, Change(turns=(exchange("t", "x"),), entries=(note("n", "old"),)))
        store.apply(
            HERE,
            Change(
                remove_entries=("n",),
                remove_turns=("t",),
                turns=(exchange("t", "y"),),
                entries=(note("n", "new"),),
            ),
        )
        assert store.entries(HERE, ["n"])[0].text == "new"
        assert [turn.text for turn in store.turns(HOME)] == ["User: y"]

    def test_updates_reach_what_the_same_change_added(self, store: Store) -> None:
        update = EntryUpdate("n", {"superseded_by": "m", "metadata": {"a": 1}})
        store.apply(HERE, Change(entries=(note("n"), note("m")), updates=(update,)))
        found = store.entries(HERE, ["n"])[0]
        assert (found.superseded_by, found.metadata) == ("m", {"a": 1})

    def test_updates_change_the_named_fields_only(self, store: Store) -> None:
        draft = note("n", metadata={"a": 1}, source_ids=("s",))
        store.apply(HERE, Change(entries=(draft,)))
        fields = {"importance": 1.0, "expires_at": 5.0, "trust": Trust.EXTERNAL, "kind": "fact"}
        store.apply(HERE, Change(updates=(EntryUpdate("n", fields),)))
        assert store.entries(HERE, ["n"]) == [replace(draft.entry, **fields)]  # type: ignore[arg-type]

    def test_a_key_makes_a_change_happen_once(self, store: Store) -> None:
        first = store.apply(HERE, Change(turns=(exchange("a", "x"),), key="request 1"))
        again = store.apply(HERE, Change(turns=(exchange("b", "y"),), key="request 1"))
        assert again == first
        assert _ids(store.turns(HOME)) == "a"
        other = Scope("acme", "bob", "helper")
        drafts = (exchange("a", "x", scope=other),)
        store.apply(other.partition, Change(turns=drafts, key="request 1"))
        assert _ids(store.turns(other)) == "a"

    # --- vectors and rows ------------------------------------------------------------------------

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

    # --- finding ---------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (EntryFilter(), "t.0 t.1 n f d"),
            (EntryFilter(kinds=("fact", "note")), "n f"),
            (EntryFilter(kinds=()), ""),
            (EntryFilter(session_id="tuesday"), "f d"),
            (EntryFilter(task_id="job"), "d"),
            (EntryFilter(task_id=""), "t.0 t.1 n f"),
            (EntryFilter(turn_id="t"), "t.0 t.1"),
            (EntryFilter(role="assistant"), "t.1"),
            (EntryFilter(since=5.0), "t.0 t.1 f d"),
            (EntryFilter(since=5.0, until=6.0), "t.0 t.1 f"),
            (EntryFilter(source_id="t.0"), "f d"),
            (EntryFilter(digest=b"\x01\x00"), "n d"),
            (EntryFilter(metadata={"a": 1}), "n d"),
            (EntryFilter(metadata={"a": True}), "f"),
            (EntryFilter(metadata={"a": 1, "b": {"y": [2], "x": "ü"}}), "d"),
            (EntryFilter(metadata={"a": None}), ""),
            (EntryFilter(metadata={"') OR 1=1 --": 1, "$.a": 1}), ""),
            (EntryFilter(kinds=("document",), source_id="t.0", metadata={"a": 1}), "d"),
        ],
    )
    def test_filters_find_what_they_say(
        self, store: Store, where: EntryFilter, expected: str
    ) -> None:
        tuesday = replace(HOME, session_id="tuesday")
        drafts = (
            replace(note("n", timestamp=1.0, metadata={"a": 1}), digest=b"\x01\x00"),
            note("f", scope=tuesday, kind="fact", timestamp=6.0, source_ids=("t.0", "n"),
                 metadata={"a": True, "c": {"a": 1}}),
            replace(
                note("d", scope=replace(tuesday, task_id="job"), kind="document", timestamp=7.0,
                     source_ids=("t.0",), metadata={"a": 1, "b": {"x": "ü", "y": [2]}}),
                digest=b"\x01\x00",
            ),
        )  # fmt: skip
        store.apply(HERE, Change(turns=(exchange("t", "x", "y"),), entries=drafts))
        assert [entry.id for _, entry in store.find(HERE, where)] == expected.split()

    def test_finding_goes_on_where_it_stopped(self, store: Store) -> None:
        names = [f"n{number}" for number in range(7)]
        store.apply(HERE, Change(entries=tuple(note(name) for name in names)))
        found: list[str] = []
        after = 0
        while batch := store.find(HERE, EntryFilter(), after=after, limit=3):
            found += [entry.id for _, entry in batch]
            after = batch[-1][0]
        assert found == names

    def test_a_changed_source_is_found_under_its_new_name_only(self, store: Store) -> None:
        store.apply(HERE, Change(entries=(note("s", source_ids=("a", "b")),)))
        store.apply(HERE, Change(updates=(EntryUpdate("s", {"source_ids": ("b", "c")}),)))
        found = {name: len(store.find(HERE, EntryFilter(source_id=name))) for name in "abc"}
        assert found == {"a": 0, "b": 1, "c": 1}

    # --- expectations ----------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "expected",
        [
            {"expect_entries": ("gone",)},
            {"expect_entries": ("n", "replaced")},
            {"expect_turns": ("gone",)},
            {"expect_turns": ("t", "summarised")},
        ],
        ids=str,
    )
    def test_a_change_that_builds_on_what_is_no_longer_so_is_refused(
        self, store: Store, expected: dict[str, Any]
    ) -> None:
        """Nothing can be derived from what was forgotten or replaced in the meantime."""
        drafts = (note("n"), note("replaced", superseded_by="n"))
        turns = (exchange("t", "x"), exchange("summarised", "y"))
        store.apply(HERE, Change(entries=drafts, turns=turns, consolidated=("summarised",)))
        before = _picture(store)
        with pytest.raises(ConflictError):
            store.apply(HERE, Change(entries=(note("s"),), remove_entries=("n",), **expected))
        assert _picture(store) == before

    def test_a_change_whose_expectations_hold_is_done(self, store: Store) -> None:
        store.apply(HERE, Change(entries=(note("n"),), turns=(exchange("t", "x"),)))
        change = Change(entries=(note("s"),), expect_entries=("n", "t.0"), expect_turns=("t",))
        store.apply(HERE, change)
        assert store.entries(HERE, ["s"])

    def test_a_reopened_turn_waits_for_a_summary_again(self, store: Store) -> None:
        drafts = (exchange("a", "x"), exchange("b", "y"))
        before = store.apply(HERE, Change(turns=drafts, consolidated=("a", "b"))).version
        after = store.apply(HERE, Change(reopened=("b", "unknown"))).version
        assert _ids(store.unconsolidated(HOME)) == "b"
        assert after.epoch > before.epoch
        assert store.apply(HERE, Change(reopened=("b",))).version == after

    # --- erasing ---------------------------------------------------------------------------------

    def test_a_turn_that_loses_a_message_loses_its_metadata(self, store: Store) -> None:
        """They may tell of what is gone; the other turns keep theirs."""
        store.apply(HERE, Change(turns=(exchange("t", "x", "y"), exchange("u", "z"))))
        store.apply(HERE, Change(remove_entries=("t.0",)))
        assert [turn.metadata for turn in store.turns(HOME)] == [{}, {"n": 1}]

    def test_erasing_leaves_nothing_and_versions_go_on(self, store: Store) -> None:
        draft = replace(note("n", source_ids=("t.0",)), vectors=(vector(1, 0, 0),), model=MODEL)
        line = LedgerDraft("book", "name", "body")
        store.apply(HERE, Change(turns=(exchange("t", "x", "y"),), entries=(draft,)))
        before = store.apply(HERE, Change(ledger=(line,))).version
        other = Scope("acme", "bob", "helper", "monday")
        store.apply(other.partition, Change(entries=(note("n", scope=other),), ledger=(line,)))
        kept = _everything(store, other)

        receipt = LedgerDraft("receipts", "1", "{}")
        applied = store.apply(HERE, Change(erase=True, ledger=(receipt,)))
        assert applied.removed == 3
        assert applied.version.change > before.change
        assert applied.version.epoch > before.epoch
        assert _everything(store, HOME)[1:] == [[], [], [], [], [], [], {}, [], []]
        assert store.ledger(HERE, "book") == []
        assert [line.body for line in store.ledger(HERE, "receipts")] == ["{}"]
        assert store.models(HERE) == {}
        assert (store.partitions(), store.partitions(ledgers=True)) == (
            [other.partition],
            [HERE, other.partition],
        )
        assert _everything(store, other) == kept

        store.apply(HERE, Change(turns=(exchange("t", "new"),), entries=(note("n"),)))
        assert [turn.text for turn in store.turns(HOME)] == ["User: new"]

    def test_the_vectors_of_a_model_can_be_dropped(self, store: Store) -> None:
        store.apply(HERE, Change(entries=(note("a"), note("b"))))
        updates = [
            VectorUpdate(name, 0, vector(1, 0, 0), model)
            for name, model in (("a", MODEL), ("b", MODEL), ("a", "other/3"))
        ]
        before = store.apply(HERE, Change(vectors=tuple(updates))).version
        assert store.models(HERE) == {MODEL: 2, "other/3": 1}
        after = store.apply(HERE, Change(drop_model=MODEL)).version
        assert store.models(HERE) == {"other/3": 1}
        assert len(store.pending(HERE, MODEL, 10)) == 2
        assert after.epoch > before.epoch
        assert store.apply(HERE, Change(drop_model="unknown")).version == after

    # --- ledger ----------------------------------------------------------------------------------

    def test_a_ledger_keeps_lines_in_the_order_written(self, store: Store) -> None:
        for name in ("c", "a", "b"):
            store.apply(HERE, Change(ledger=(LedgerDraft("book", name, f'"{name} \U0001f642"'),)))
        store.apply(HERE, Change(ledger=(LedgerDraft("other book", "a", "x"),)))
        lines = store.ledger(HERE, "book")
        assert [(line.name, line.body) for line in lines] == [
            (name, f'"{name} \U0001f642"') for name in "cab"
        ]
        assert store.ledger(HERE, "book", after=lines[0].number, limit=1) == lines[1:2]
        assert store.ledger(HERE, "book", limit=-2) == lines[1:]
        assert store.ledger(HERE, "book", ["b", "c", "x"]) == [lines[0], lines[2]]
        assert store.ledger(HERE, "book", []) == store.ledger(HERE, "no book") == []

    def test_a_name_stands_in_a_book_once(self, store: Store) -> None:
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "old"),)))
        with pytest.raises(ConflictError):
            again = LedgerDraft("book", "a", "new")
            store.apply(HERE, Change(entries=(note("n"),), ledger=(again,)))
        assert store.entries(HERE, ["n"]) == []
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "new", replace=True),)))
        assert [line.body for line in store.ledger(HERE, "book")] == ["new"]

    def test_a_struck_line_is_gone_and_its_name_free(self, store: Store) -> None:
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "old"),)))
        strike = (("book", "a"), ("book", "unknown"), ("unknown", "a"))
        store.apply(HERE, Change(strike=strike, ledger=(LedgerDraft("book", "a", "new"),)))
        assert [line.body for line in store.ledger(HERE, "book")] == ["new"]
        store.apply(HERE, Change(strike=strike))
        assert store.ledger(HERE, "book") == []
        assert store.partitions(ledgers=True) == []

    def test_the_ledger_is_no_memory(self, store: Store) -> None:
        """Writing it down changes no version, and a partition of lines alone holds no memory."""
        before = store.version(HERE)
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "x"),)))
        assert store.version(HERE) == before
        assert (store.partitions(), store.partitions(ledgers=True)) == ([], [HERE])
        assert store.partitions("nobody", ledgers=True) == []

    def test_nobody_reads_the_ledger_of_another(self, store: Store) -> None:
        other = Partition("acme", "bob", "helper")
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "mine"),)))
        store.apply(other, Change(ledger=(LedgerDraft("book", "a", "theirs"),)))
        store.apply(other, Change(strike=(("book", "a"),)))
        assert [line.body for line in store.ledger(HERE, "book")] == ["mine"]
        assert store.ledger(other, "book") == []

    # --- isolation -------------------------------------------------------------------------------

    def test_look_alike_ids_are_different_people(self, store: Store) -> None:
        """Prefixes, case, wildcards, Unicode forms and SQL in an id never reach a neighbour."""
        scopes = [Scope(name, name, name, name) for name in NASTY_IDS]
        for place, scope in enumerate(scopes):
            drafts = (exchange("t", f"secret {place}", scope=scope),)
            store.apply(scope.partition, Change(turns=drafts, entries=(note("n", scope=scope),)))
        for place, scope in enumerate(scopes):
            assert [turn.text for turn in store.turns(scope)] == [f"User: secret {place}"]
            found = [entry.id for _, entry in store.find(scope.partition, EntryFilter())]
            assert found == ["t.0", "n"]
        assert store.partitions() == sorted(scope.partition for scope in scopes)

    def test_no_reader_sees_another_partition(self, store: Store) -> None:
        """The same ids in five partitions that differ in one identifier each."""
        scopes = [HOME, *(replace(HOME, **{name: "x"}) for name in
                          ("tenant_id", "user_id", "agent_id"))]  # fmt: skip
        for place, scope in enumerate(scopes):
            draft = replace(
                note("n", f"canary {place}", scope, source_ids=("s",)),
                vectors=(vector(1, place, 0),), model=MODEL, digest=b"same",
            )  # fmt: skip
            change = Change(
                turns=(exchange("t", f"canary {place}", scope=scope),), entries=(draft,)
            )
            store.apply(scope.partition, change)
        for place, scope in enumerate(scopes):
            shown = "\n".join(map(repr, _everything(store, scope)))
            canaries = {other for other in range(len(scopes)) if f"canary {other}" in shown}
            assert canaries == {place}
            assert store.vectors(scope.partition, ["n"], MODEL) == {"n": vector(1, place, 0)}

    def test_a_change_of_one_partition_leaves_the_others_as_they_were(self, store: Store) -> None:
        other = Scope("acme", "bob", "helper", "monday")
        drafts = (exchange("t", "x", scope=other),)
        store.apply(other.partition, Change(turns=drafts, entries=(note("n", scope=other),)))
        before = _everything(store, other)
        store.apply(HERE, Change(turns=(exchange("t", "x"),), entries=(note("n"),)))
        store.apply(
            HERE,
            Change(
                vectors=(VectorUpdate("n", 0, vector(1, 0, 0), MODEL),),
                updates=(EntryUpdate("n", {"importance": 1.0}),),
                consolidated=("t",),
            ),
        )
        store.apply(HERE, Change(remove_entries=("n",), remove_turns=("t",)))
        assert _everything(store, other) == before

    def test_partitions_lists_who_has_anything(self, store: Store) -> None:
        ann, bob = HERE, Partition("other", "bob", "helper")
        store.apply(bob, Change(entries=(note("n", scope=Scope(*bob)),)))
        store.apply(ann, Change(entries=(note("n"),)))
        assert store.partitions() == [ann, bob]
        assert store.partitions("other") == [bob]
        assert store.partitions("nobody") == []
        store.apply(ann, Change(remove_entries=("n",)))
        assert store.partitions() == [bob]

    def test_reading_an_unknown_partition_finds_nothing_and_makes_nothing(
        self, store: Store
    ) -> None:
        assert _everything(store, HOME)[1:] == [[], [], [], [], [], [], {}, [], []]
        store.apply(HERE, Change(remove_entries=("n",)))
        assert store.partitions() == []

    # --- threads, secret, closing ----------------------------------------------------------------

    def test_threads_lose_nothing_and_keep_their_order(self, store: Store) -> None:
        """Eight threads write to four sessions while two read."""
        errors: list[BaseException] = []

        def write(worker: int) -> None:
            scope = replace(HOME, session_id=f"s{worker % 4}")
            for number in range(20):
                name = f"{worker}/{number}"
                store.apply(HERE, Change(turns=(exchange(name, name, "ok", scope=scope),)))

        def read(_: int) -> None:
            for _ in range(40):
                rows = store.rows(HERE, MODEL)
                assert len(rows.entries) == len(rows.passages) == 2 * rows.version.change

        _run_together(errors, [*((write, n) for n in range(8)), (read, 0), (read, 1)])
        assert errors == []
        for session in range(4):
            turns = store.turns(replace(HOME, session_id=f"s{session}"))
            assert [turn.seq for turn in turns] == list(range(40))
            for worker in (session, session + 4):
                mine = [turn.user_input for turn in turns if turn.id.startswith(f"{worker}/")]
                assert mine == [f"{worker}/{number}" for number in range(20)]

    def test_the_secret_is_long_and_stays(self, store: Store) -> None:
        assert len(store.secret()) == 32
        assert store.secret() == store.secret()

    def test_two_stores_have_two_secrets(self, tmp_path: Path) -> None:
        places = [tmp_path / "one", tmp_path / "two"]
        for place in places:
            place.mkdir()
        stores = [self.open(place) for place in places]
        assert stores[0].secret() != stores[1].secret()
        for made in stores:
            made.close()

    def test_closing_twice_does_nothing_and_use_after_it_is_an_error(self, store: Store) -> None:
        store.close()
        store.close()
        with pytest.raises(ContextManagerError, match="closed"):
            store.version(HERE)
        with pytest.raises(ContextManagerError, match="closed"):
            store.apply(HERE, Change(entries=(note("n"),)))


class DurableStoreContract(StoreContract):
    """The contract of a store that finds its memory again: opening a place twice is the same."""

    def test_what_was_acknowledged_is_there_after_reopening(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        draft = replace(note("n"), vectors=(vector(1, 0, 0),), model=MODEL)
        store.apply(HERE, Change(turns=(exchange("t", "x", "y"),), entries=(draft,), key="k"))
        store.apply(HERE, Change(ledger=(LedgerDraft("book", "a", "x"),)))
        before, secret = _everything(store, HOME), store.secret()
        ledger = store.ledger(HERE, "book")
        store.close()
        again = self.open(tmp_path)
        assert (_everything(again, HOME), again.secret()) == (before, secret)
        assert again.ledger(HERE, "book") == ledger
        assert again.apply(HERE, Change(entries=(note("m"),), key="k")).seqs == (0,)
        again.close()


def _ids(turns: list[Turn]) -> str:
    return "".join(turn.id for turn in turns)


def _picture(store: Store) -> list[Any]:
    return [*_everything(store, HOME), store.partitions()]


def _everything(store: Store, scope: Scope) -> list[Any]:
    """What every way of reading tells about the scope and its partition."""
    partition = scope.partition
    rows = store.rows(partition, MODEL)
    found = store.find(partition, EntryFilter())
    ids = [entry.id for _, entry in found]
    return [
        store.version(partition),
        list(rows.entries),
        list(rows.passages),
        found,
        store.entries(partition, ids),
        store.turns(scope),
        store.unconsolidated(scope),
        store.vectors(partition, ids, MODEL),
        store.sessions(partition),
        store.pending(partition, MODEL, 1000),
    ]


def _run_together(errors: list[BaseException], jobs: list[tuple[Any, int]]) -> None:
    def guarded(job: Any, number: int) -> None:
        try:
            job(number)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

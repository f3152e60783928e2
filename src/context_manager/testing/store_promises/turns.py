"""Turns are put together of their messages and keep their order."""

from __future__ import annotations

from dataclasses import replace

from context_manager.records import MemoryEntry, Message, Turn
from context_manager.store.protocol import (
    Change,
    EntryDraft,
    Store,
    TurnDraft,
)
from context_manager.testing.store_promises.samples import (
    HERE,
    HOME,
    exchange,
    ids,
)


class TurnPromises:
    """Turns are put together of their messages and keep their order."""

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
        assert ids(store.turns(HOME, after=1)) == "cde"
        assert ids(store.turns(HOME, before=2)) == "ab"
        assert ids(store.turns(HOME, last=2)) == "de"
        assert ids(store.turns(HOME, last=0)) == ""
        assert ids(store.turns(HOME, after=0, before=4, last=2)) == "cd"

    def test_each_session_counts_for_itself(self, store: Store) -> None:
        other = replace(HOME, session_id="tuesday")
        drafts = (exchange("a", "x"), exchange("b", "x", scope=other), exchange("c", "x"))
        assert store.apply(HERE, Change(turns=drafts)).seqs == (0, 0, 1)
        assert (ids(store.turns(HOME)), ids(store.turns(other))) == ("ac", "b")

    def test_tasks_share_the_turns_of_their_session(self, store: Store) -> None:
        task = replace(HOME, task_id="shopping")
        store.apply(HERE, Change(turns=(exchange("a", "x"), exchange("b", "x", scope=task))))
        assert ids(store.turns(task)) == ids(store.turns(HOME)) == "ab"
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
        assert (ids(store.unconsolidated(HOME)), ids(store.turns(HOME))) == ("b", "abc")

    def test_sessions_are_listed_oldest_first(self, store: Store) -> None:
        names = ("wednesday", "monday", "tuesday")
        scopes = [replace(HOME, session_id=name) for name in names]
        for place, scope in enumerate([*scopes, scopes[0]]):
            store.apply(HERE, Change(turns=(exchange(f"t{place}", "x", scope=scope),)))
        assert store.sessions(HERE) == scopes

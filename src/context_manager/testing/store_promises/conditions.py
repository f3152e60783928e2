"""What a change may expect, and what it leaves when it erases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from context_manager.errors import (
    ConflictError,
)
from context_manager.records import Scope
from context_manager.store.protocol import (
    Change,
    EntryFilter,
    LedgerDraft,
    Store,
    VectorUpdate,
)
from context_manager.testing.store_promises.samples import (
    HERE,
    HOME,
    MODEL,
    NOTHING,
    everything,
    exchange,
    ids,
    note,
    picture,
    vector,
)


class ConditionPromises:
    """What a change may expect, and what it leaves when it erases."""

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
        before = picture(store)
        with pytest.raises(ConflictError):
            store.apply(HERE, Change(entries=(note("s"),), remove_entries=("n",), **expected))
        assert picture(store) == before

    def test_a_change_whose_expectations_hold_is_done(self, store: Store) -> None:
        store.apply(HERE, Change(entries=(note("n"),), turns=(exchange("t", "x"),)))
        change = Change(entries=(note("s"),), expect_entries=("n", "t.0"), expect_turns=("t",))
        store.apply(HERE, change)
        assert store.entries(HERE, ["s"])

    def test_a_change_made_for_another_epoch_is_refused(self, store: Store) -> None:
        """It was made of what was read before something was forgotten or altered."""
        store.apply(HERE, Change(entries=(note("n"), note("m"))))
        before = store.version(HERE).epoch
        added = Change(entries=(note("added"),), expect_epoch=before)
        assert store.apply(HERE, added).version.epoch == before, "what is added alters nothing"
        store.apply(HERE, Change(remove_entries=("n",)))
        late = Change(ledger=(LedgerDraft("quotes", "q", "what n said"),), expect_epoch=before)
        with pytest.raises(ConflictError):
            store.apply(HERE, late)
        assert store.ledger(HERE, "quotes") == []
        store.apply(HERE, replace(late, expect_epoch=store.version(HERE).epoch))
        assert len(store.ledger(HERE, "quotes")) == 1

    def test_nothing_derived_outlives_its_source_unless_that_is_meant(self, store: Store) -> None:
        drafts = (note("s", source_ids=("t.0",)), note("ss", source_ids=("s",)), note("n"))
        store.apply(HERE, Change(turns=(exchange("t", "x"),), entries=drafts))
        before = picture(store)
        for change in (
            Change(remove_entries=("t.0",), expect_closed=True),
            Change(remove_turns=("t",), remove_entries=("s",), expect_closed=True),
        ):
            with pytest.raises(ConflictError):
                store.apply(HERE, change)
        assert picture(store) == before
        store.apply(HERE, Change(remove_entries=("t.0", "s", "ss"), expect_closed=True))
        store.apply(HERE, Change(remove_entries=("gone",), expect_closed=True))
        assert [entry.id for _, entry in store.find(HERE, EntryFilter())] == ["n"]

    def test_a_reopened_turn_waits_for_a_summary_again(self, store: Store) -> None:
        drafts = (exchange("a", "x"), exchange("b", "y"))
        before = store.apply(HERE, Change(turns=drafts, consolidated=("a", "b"))).version
        after = store.apply(HERE, Change(reopened=("b", "unknown"))).version
        assert ids(store.unconsolidated(HOME)) == "b"
        assert after.epoch > before.epoch
        assert store.apply(HERE, Change(reopened=("b",))).version == after

    def test_a_turn_that_loses_a_message_loses_its_metadata(self, store: Store) -> None:
        """They may tell of what is gone; the other turns keep theirs."""
        store.apply(HERE, Change(turns=(exchange("t", "x", "y"), exchange("u", "z"))))
        store.apply(HERE, Change(remove_entries=("t.0",)))
        assert [turn.metadata for turn in store.turns(HOME)] == [{}, {"n": 1}]

    def test_erasing_and_beginning_anew_are_one_change(self, store: Store) -> None:
        store.apply(HERE, Change(turns=(exchange("t", "old"),), entries=(note("n", "old"),)))
        anew = Change(erase=True, turns=(exchange("t", "new"),), entries=(note("n", "new"),))
        applied = store.apply(HERE, anew)
        assert (applied.removed, applied.seqs) == (2, (0,))
        assert [turn.text for turn in store.turns(HOME)] == ["User: new"]
        assert [entry.text for entry in store.entries(HERE, ["n"])] == ["new"]

    def test_erasing_leaves_nothing_and_versions_go_on(self, store: Store) -> None:
        draft = replace(note("n", source_ids=("t.0",)), vectors=(vector(1, 0, 0),), model=MODEL)
        line = LedgerDraft("book", "name", "body")
        store.apply(HERE, Change(turns=(exchange("t", "x", "y"),), entries=(draft,)))
        before = store.apply(HERE, Change(ledger=(line,))).version
        other = Scope("acme", "bob", "helper", "monday")
        store.apply(other.partition, Change(entries=(note("n", scope=other),), ledger=(line,)))
        kept = everything(store, other)

        receipt = LedgerDraft("receipts", "1", "{}")
        applied = store.apply(HERE, Change(erase=True, ledger=(receipt,)))
        assert applied.removed == 3
        assert applied.version.change > before.change
        assert applied.version.epoch > before.epoch
        assert everything(store, HOME)[1:] == NOTHING
        assert store.ledger(HERE, "book") == []
        assert [line.body for line in store.ledger(HERE, "receipts")] == ["{}"]
        assert store.models(HERE) == {}
        assert (store.partitions(), store.partitions(ledgers=True)) == (
            [other.partition],
            [HERE, other.partition],
        )
        assert everything(store, other) == kept

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

"""A change happens whole, once, or not at all."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from context_manager.errors import (
    ContextManagerError,
    InputError,
    ScopeError,
)
from context_manager.records import MemoryEntry, Scope, Trust
from context_manager.store.protocol import (
    Applied,
    Change,
    EntryDraft,
    EntryUpdate,
    PassageDraft,
    Store,
    VectorUpdate,
    Version,
)
from context_manager.testing.store_promises.samples import (
    HERE,
    HOME,
    MODEL,
    exchange,
    ids,
    note,
    picture,
    vector,
)


class ChangePromises:
    """A change happens whole, once, or not at all."""

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
        before = picture(store)
        with pytest.raises(error):
            store.apply(HERE, change)
        assert picture(store) == before

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
        assert ids(store.turns(HOME)) == "a"
        other = Scope("acme", "bob", "helper")
        drafts = (exchange("a", "x", scope=other),)
        store.apply(other.partition, Change(turns=drafts, key="request 1"))
        assert ids(store.turns(other)) == "a"

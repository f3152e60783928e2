"""Nobody reads or changes what belongs to another."""

from __future__ import annotations

from dataclasses import replace

from context_manager.records import Partition, Scope
from context_manager.store.protocol import (
    Change,
    EntryFilter,
    EntryUpdate,
    LedgerDraft,
    Store,
    VectorUpdate,
)
from context_manager.testing.store_promises.samples import (
    BOOK,
    HERE,
    HOME,
    MODEL,
    NASTY_IDS,
    NOTHING,
    everything,
    exchange,
    note,
    vector,
)


class IsolationPromises:
    """Nobody reads or changes what belongs to another."""

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
                turns=(exchange("t", f"canary {place}", scope=scope),),
                entries=(draft,),
                ledger=(LedgerDraft(BOOK, "line", f"canary {place}"),),
            )
            store.apply(scope.partition, change)
        for place, scope in enumerate(scopes):
            shown = "\n".join(map(repr, everything(store, scope)))
            canaries = {other for other in range(len(scopes)) if f"canary {other}" in shown}
            assert canaries == {place}
            assert store.vectors(scope.partition, ["n"], MODEL) == {"n": vector(1, place, 0)}

    def test_a_change_of_one_partition_leaves_the_others_as_they_were(self, store: Store) -> None:
        other = Scope("acme", "bob", "helper", "monday")
        drafts = (exchange("t", "x", scope=other),)
        store.apply(other.partition, Change(turns=drafts, entries=(note("n", scope=other),)))
        before = everything(store, other)
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
        assert everything(store, other) == before

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
        assert everything(store, HOME)[1:] == NOTHING
        store.apply(HERE, Change(remove_entries=("n",)))
        assert store.partitions() == []

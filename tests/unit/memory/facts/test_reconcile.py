"""What a new fact does to those that are known: it takes their place, it never deletes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from context_manager.memory.facts.fact import Fact, Held
from context_manager.memory.facts.reconcile import (
    Confirmed,
    Ended,
    Reconciled,
    new_place,
    reconcile,
)
from context_manager.records import MemoryEntry


def fact(slot: str, value: str, at: float = 10.0, *, who: str = "Nora", no: bool = False) -> Fact:
    text = f"{who}: {slot} {'not ' * no}{value}"
    return Fact(who, slot, value, text, at, (f"m{at}",), negated=no)


def known(slot: str, value: str, at: float = 1.0, *, who: str = "Nora", no: bool = False) -> Held:
    return Held(f"fact-{slot}-{value}", fact(slot, value, at, who=who, no=no))


def test_a_new_value_takes_the_place_of_the_old_one() -> None:
    new = fact("home", "Lisbon")
    assert reconcile([new], [known("home", "Leeds"), known("job", "nurse")]) == Reconciled(
        [new], [Ended("fact-home-Leeds", 10.0, 0)]
    )


def test_the_same_value_only_confirms() -> None:
    result = reconcile([fact("home", "leeds.")], [known("home", "Leeds")])
    assert result == Reconciled(confirmed=[Confirmed("fact-home-Leeds", ("m1.0", "m10.0"))])


def test_facts_of_two_people_never_touch() -> None:
    new = fact("home", "Leeds", who="Otto")
    assert reconcile([new], [known("home", "Leeds")]) == Reconciled([new])


def test_several_values_stand_side_by_side_where_one_may_have_several() -> None:
    new = fact("language", "Welsh")
    assert reconcile([new], [known("language", "Dutch")]) == Reconciled([new])
    friend = fact("one of friend", "Zadie")
    assert reconcile([friend], [known("one of friend", "Kit")]) == Reconciled([friend])


def test_a_preference_that_turns_takes_the_place_of_its_opposite() -> None:
    new = fact("preference:jazz", "dislikes")
    result = reconcile([new], [known("preference:jazz", "likes"), known("preference:tea", "likes")])
    assert result.ended == [Ended("fact-preference:jazz-likes", 10.0, 0)]


def test_a_denial_ends_what_it_denies_and_nothing_else() -> None:
    denial = fact("employer", "Acme", no=True)
    assert reconcile([denial], [known("employer", "Acme")]).ended == [
        Ended("fact-employer-Acme", 10.0, 0)
    ]
    assert reconcile([denial], [known("employer", "Beta")]) == Reconciled([denial])


def test_a_denial_without_a_value_ends_whatever_was_there() -> None:
    denial = fact("employer", "", no=True)
    assert (
        reconcile([denial], [known("employer", "Acme")]).ended[0].entry_id == "fact-employer-Acme"
    )
    assert reconcile([denial], []) == Reconciled(), "it says nothing by itself"


def test_a_statement_takes_the_place_of_a_denial() -> None:
    new = fact("employer", "Beta")
    result = reconcile([new], [known("employer", "Acme", no=True)])
    assert result.ended == [Ended("fact-employer-Acme", 10.0, 0)]


def test_several_changes_at_once_leave_a_chain() -> None:
    leeds, lisbon = fact("home", "Leeds", 10.0), fact("home", "Lisbon", 20.0)
    result = reconcile([leeds, lisbon], [known("home", "Rome")])
    assert result.added == [leeds, lisbon]
    assert result.ended[0] == Ended("fact-home-Rome", 10.0, 0)
    assert new_place(result.ended[1].entry_id) == 0
    assert result.ended[1].by == 1


def test_what_is_told_late_does_not_undo_what_came_after() -> None:
    """An import of old talk must not move people back."""
    old = fact("home", "Leeds", 5.0)
    result = reconcile([old], [known("home", "Lisbon", 50.0)])
    assert result.added == [old]
    (ended,) = result.ended
    assert (new_place(ended.entry_id), ended.at) == (0, 50.0)


def test_a_fact_comes_back_from_its_entry() -> None:
    new = replace(fact("home", "Lisbon"), confidence=0.8)
    entry = MemoryEntry(
        "fact_1",
        new.text,
        kind="fact",
        metadata={"fact": new.metadata()},
        timestamp=99.0,
        valid_from=new.said_at,
        source_ids=new.source_ids,
    )
    assert Held.of(entry) == Held("fact_1", new)
    assert Held.of(MemoryEntry("note", "just a note")) is None
    assert Held.of(MemoryEntry("note", "odd", metadata={"fact": "text"})) is None


SLOTS = st.sampled_from(["home", "employer", "language", "preference:tea"])
FACTS = st.builds(
    fact,
    SLOTS,
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 5).map(float),
    who=st.sampled_from(["Nora", "Otto"]),
    no=st.booleans(),
)


@given(st.lists(FACTS, max_size=12))
def test_at_most_one_value_stands_where_there_is_room_for_one(facts: list[Fact]) -> None:
    standing: dict[str, Held] = {}
    for number, new in enumerate(facts):
        result = reconcile([new], standing.values())
        for ended in result.ended:
            assert ended.at >= 0
            standing.pop(ended.entry_id, None)
        stays = [n for n, _ in enumerate(result.added) if not _ended(result, n)]
        for place in stays:
            standing[f"f{number}"] = Held(f"f{number}", result.added[place])
    for who in ("Nora", "Otto"):
        for slot in ("home", "employer", "preference:tea"):
            values = [h.fact for h in standing.values() if h.fact.place == (who.casefold(), slot)]
            asserted = [value for value in values if not value.negated]
            assert len(asserted) <= 1, values


def _ended(result: Reconciled, place: int) -> bool:
    return any(new_place(ended.entry_id) == place for ended in result.ended)


@given(st.lists(FACTS, max_size=8))
def test_telling_twice_changes_nothing_more(facts: list[Fact]) -> None:
    once = reconcile(facts, [])
    held = [Held(f"f{n}", added) for n, added in enumerate(once.added) if not _ended(once, n)]
    for entry in held:
        again = reconcile([entry.fact], held)
        assert again.added == []
        assert again.ended == []

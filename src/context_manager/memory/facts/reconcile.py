"""What new facts do to those that are known. Pure: facts in, decisions out; nothing is deleted.

A later statement about the same place takes the place of the earlier one; the same statement again
only confirms it; a denial ends what it denies. Facts about different subjects never touch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from context_manager.memory.facts.fact import Fact, Held, folded, holds_many

DOUBTFUL = 0.6
"""Confidence below which a denial counts only where it ends a known fact."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A known fact that holds until `at`; `by` is the place of its successor in `added`."""

    entry_id: str
    at: float
    by: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A known fact that was said again, with the sources it now has."""

    entry_id: str
    source_ids: tuple[str, ...]


@dataclass(slots=True)
class Reconciled:
    """What to do: facts to add, known ones to end, known ones to confirm."""

    added: list[Fact] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    confirmed: list[Confirmed] = field(default_factory=list)


def reconcile(new: Iterable[Fact], current: Iterable[Held]) -> Reconciled:
    """Decide what new facts do to the current ones.

    Args:
        new: Facts in the order in which they were said.
        current: Facts that hold now.

    Returns:
        The decisions. Among the new ones, too, a later one ends an earlier one: both are added.
    """
    result = Reconciled()
    standing: list[Held] = list(current)
    for fact in new:
        rivals = [held for held in standing if _rivals(fact, held.fact)]
        same = next((held for held in rivals if _same(fact, held.fact)), None)
        if same is not None:
            _confirm(result, same, fact)
            continue
        if fact.negated and not rivals and not _worth_keeping(fact):
            continue
        later = [held for held in rivals if held.fact.said_at > fact.said_at]
        if later:  # told late, as by an import: it was over before it was told
            _add_as_past(result, fact, min(later, key=lambda held: held.fact.said_at))
            continue
        place = len(result.added)
        result.added.append(fact)
        for held in rivals:
            result.ended.append(Ended(held.entry_id, fact.said_at, place))
            standing.remove(held)
        standing.append(Held(_new_id(place), fact))
    return result


def new_place(entry_id: str) -> int | None:
    """Place in `Reconciled.added` that an `Ended.entry_id` means; None for a known entry."""
    return int(entry_id[len(_NEW) :]) if entry_id.startswith(_NEW) else None


_NEW = "new:"


def _new_id(place: int) -> str:
    return f"{_NEW}{place}"


def _rivals(fact: Fact, other: Fact) -> bool:
    """Whether both cannot hold at once, or say the same."""
    if fact.place != other.place:
        return False
    if not fact.negated and not other.negated:
        return not holds_many(fact.place[1]) or _same_value(fact, other)
    if not fact.value or not other.value or _replaces(fact, other):
        return True
    return _same_value(fact, other) or (fact.negated and not other.negated and _part(fact, other))


def _replaces(fact: Fact, other: Fact) -> bool:
    """A statement ends a denial of another value in a slot for one; a denial ends no other."""
    return other.negated and not holds_many(fact.place[1])


def _same(fact: Fact, other: Fact) -> bool:
    return fact.negated == other.negated and _same_value(fact, other)


def _same_value(fact: Fact, other: Fact) -> bool:
    return folded(fact.value) == folded(other.value)


def _part(denial: Fact, other: Fact) -> bool:
    """Whether a denial names what it denies by some of its words: "the Volvo"."""
    return {*folded(denial.value).split()} <= {*folded(other.value).split()}


def _worth_keeping(fact: Fact) -> bool:
    """A denial of something never asserted says something only if it names it for certain."""
    return bool(fact.value) and fact.confidence >= DOUBTFUL


def _confirm(result: Reconciled, held: Held, fact: Fact) -> None:
    place = new_place(held.entry_id)
    if place is None:
        sources = tuple(dict.fromkeys((*held.fact.source_ids, *fact.source_ids)))
        result.confirmed.append(Confirmed(held.entry_id, sources))


def _add_as_past(result: Reconciled, fact: Fact, successor: Held) -> None:
    place = len(result.added)
    result.added.append(fact)
    result.ended.append(Ended(_new_id(place), successor.fact.said_at, -1))

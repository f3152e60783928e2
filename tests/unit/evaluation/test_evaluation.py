"""Questions from one's own chats: the same each time; figures that see faults."""

from __future__ import annotations

from typing import Any

from context_manager import ContextManager, Message
from context_manager.evaluation import KINDS, Figures, evaluate, probes_of
from context_manager.importing import ImportedTurn
from context_manager.testing.embedders import HashEmbedder

DAY = 86_400.0
THINGS = ("kayak", "lantern", "quince", "zither", "trowel", "abacus", "hammock", "beehive")


def chats() -> list[ImportedTurn]:
    """Eight sessions of two turns, each about a thing of its own."""
    return [
        ImportedTurn(
            f"session-{number}",
            (
                Message("user", f"{question} the {thing} that {reason} last week?"),
                Message("assistant", f"Your {thing} belongs into the shed near {place} gate."),
            ),
            1.7e9 + number * DAY,
        )
        for number, thing in enumerate(THINGS)
        for question, reason, place in (
            ("Where should I put", f"my uncle number {number} gave me", f"the {number}th"),
            ("How do I clean", f"got muddy on trip {number}", f"old {number}th"),
        )
    ]


def manager() -> ContextManager:
    cm = ContextManager()
    cm.embedding_provider = HashEmbedder()
    return cm


def test_probes_are_drawn_alike_and_name_their_evidence() -> None:
    turns = chats()
    probes = probes_of(turns, 6, seed=3)
    assert probes == probes_of(turns, 6, seed=3)
    assert probes != probes_of(turns, 6, seed=4)
    assert {probe.kind for probe in probes} == set(KINDS)
    for probe in probes:
        gold = [turns[spot.turn].messages[spot.place] for spot in probe.gold]
        if probe.kind == "reply":
            assert [message.role for message in gold] == ["assistant"]
        elif probe.kind == "quoted":
            assert probe.text not in gold[0].text  # a word is left out
        else:
            word = probe.text.split(" on ")[0].rpartition(" ")[2]
            assert all(word in message.text for message in gold)


def test_nothing_is_asked_of_what_says_nothing() -> None:
    short = [ImportedTurn("s", (Message("user", "Hi"), Message("assistant", "Hello")))]
    assert probes_of(short) == []


def tried(memory: Any) -> Figures:
    return evaluate(memory, chats(), probes_of(chats(), 8), (300, 1500))


def test_a_sound_memory_finds_abstains_and_shows_nothing_it_must_not() -> None:
    figures = tried(manager())
    assert (figures.turns, figures.messages) == (16, 32)
    assert figures.asked == dict.fromkeys(KINDS, 8)
    for by_budget in figures.recall.values():
        assert by_budget[300] <= by_budget[1500] == 1.0
    assert (figures.leaked, figures.remained, figures.stale) == (0, 0, 0.0)
    assert figures.reused is not None
    assert figures.covered is not None
    assert figures.abstained is not None


class Shared(ContextManager):
    """A memory that keeps users in one."""

    def scoped(self, *, user_id: str | None = None, **scope: Any) -> Any:
        return super().scoped(**scope)


class Hoarding(ContextManager):
    """A memory that does not forget."""

    def forget(self, *args: Any, **kwargs: Any) -> Any:
        return None


class Backwards(ContextManager):
    """A memory in which the last word is always the first."""

    def build(self, user_input: str, **kwargs: Any) -> Any:
        context = super().build(user_input, **kwargs)
        object.__setattr__(context, "text", "\n".join(reversed(context.text.split("\n"))))
        return context


def faulty(kind: type[ContextManager]) -> Figures:
    memory = kind()
    memory.embedding_provider = HashEmbedder()
    return tried(memory)


def test_the_figures_see_what_is_wrong() -> None:
    assert faulty(Shared).leaked > 0
    assert faulty(Hoarding).remained > 0
    assert (faulty(Backwards).stale or 0) > 0

"""The working set of a manager: what is put into it by hand, and classes of the user's own."""

from __future__ import annotations

from collections import deque

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.config import EmbeddingConfig
from context_manager.memory.short_term import (
    LRUShortTermMemory,
    PriorityShortTermMemory,
    ShortTermMemory,
)
from context_manager.records import Turn
from context_manager.testing.embedders import HashEmbedder


@pytest.fixture
def cm():
    with ContextManager(Config(memory=MemoryConfig(stm_capacity=60))) as manager:
        manager.embedding_provider = HashEmbedder()
        yield manager


def texts(cm: ContextManager) -> list[str]:
    return [turn.text for turn in cm.archive.store.turns(cm.scope)]


def test_a_turn_put_into_short_term_memory_is_journalled_at_once(cm):
    turn = cm.short_term_memory.add_turn("The boat is called Halcyon", "A fine name")

    assert (turn.seq, bool(turn.id)) == (0, True)
    assert texts(cm) == [turn.text]
    assert cm.short_term_memory.turns[-1] is turn


def test_what_was_put_in_by_hand_is_found_from_another_session_after_it_was_evicted(cm):
    cm.short_term_memory.add_turn("The boat is called Halcyon", "A fine name")
    for number in range(12):
        cm.short_term_memory.add_turn(f"Lap {number} took ninety seconds", "Steady")

    there = cm.scoped(session_id="another")
    assert "Halcyon" in there.build_context("What is the boat called?")


class Straight(ShortTermMemory):
    """Appends without asking its base, as sketches of such classes do."""

    def add_turn(self, user_input: str, assistant_response: str) -> Turn:
        tokens = self.token_counter.count_tokens(user_input + assistant_response)
        turn = Turn(user_input, assistant_response, tokens, 5.0)
        self.turns.append(turn)
        self.current_tokens += tokens
        self._evict_if_needed()
        return turn


def test_a_turn_appended_behind_our_back_is_journalled_once_at_the_next_look(cm):
    cm.short_term_memory = Straight(20)
    for number in range(4):
        cm.short_term_memory.add_turn(f"Crate {number} holds walnuts", "I see")

    assert "Crate 0" in cm.build_context("Which crate holds walnuts?")
    assert texts(cm) == [f"User: Crate {n} holds walnuts\nAssistant: I see" for n in range(4)]
    assert all(turn.id for turn in cm.short_term_memory.turns)


def test_a_refused_turn_stays_where_it_was_put_and_costs_no_prompt(cm, caplog):
    cm.short_term_memory = Straight(200)
    cm.config.secrets = "reject"
    cm.short_term_memory.add_turn("My mail is someone@example.org", "Noted")

    assert cm.build_context("Hello").endswith("Hello")
    assert texts(cm) == []
    assert "refused" in caplog.text
    assert "someone" not in caplog.text


def test_a_blank_message_of_a_turn_becomes_no_entry(cm):
    turn = cm.observe("  \n ", "There was nothing to answer")

    assert [message.role for message in turn.messages] == ["assistant"]
    assert [entry.text for entry in cm.long_term_memory.entries] == ["There was nothing to answer"]


class Labelled(ShortTermMemory):
    """Needs something that no other class needs."""

    def __init__(self, label: str, capacity: int) -> None:
        super().__init__(capacity)
        self.label = label
        self.seen: list[str] = []

    def append(self, turn: Turn) -> None:
        self.seen.append(turn.user_input)
        super().append(turn)


def test_a_class_with_a_constructor_of_its_own_serves_every_session(cm):
    cm.short_term_memory = Labelled("mine", 500)
    cm.observe("The first session is about walnuts", "Yes")

    other = cm.scoped(session_id="other")
    other.observe("The second one is about sails", "Yes")

    memory = other.short_term_memory
    assert isinstance(memory, Labelled)
    assert (memory.label, memory.max_tokens) == ("mine", 500)
    assert memory.seen == ["The second one is about sails"]
    assert memory.turns is not cm.short_term_memory.turns


def test_the_policy_may_change_at_run_time(cm):
    cm.observe("The anchor is in the bow locker", "Noted")
    cm.config.memory.stm_eviction = "lru"

    assert type(cm.short_term_memory) is LRUShortTermMemory
    assert [turn.user_input for turn in cm.short_term_memory.turns] == [
        "The anchor is in the bow locker"
    ]
    cm.config.memory.stm_eviction = "priority"
    assert type(cm.scoped(session_id="next").short_term_memory) is PriorityShortTermMemory


def test_a_memory_that_was_assigned_does_not_follow_the_policy(cm):
    cm.short_term_memory = Straight(20)
    cm.config.memory.stm_eviction = "lru"

    assert type(cm.short_term_memory) is Straight
    assert isinstance(cm.short_term_memory.turns, deque)


def test_a_turn_follows_what_others_said_and_forgot_before_it(tmp_path):
    """Though nothing is asked of the store before a turn is written."""
    config = Config(embedding=EmbeddingConfig("hash"))
    path = tmp_path / "memory.db"
    with ContextManager.open(path, config) as one, ContextManager.open(path, config) as other:
        first = one.observe("The kettle is red.", "Noted.")
        other.observe("The lamp is blue.", "Noted.")
        one.observe("The chair is green.", "Noted.")
        held = [turn.user_input for turn in one.short_term_memory.turns]
        assert held == ["The kettle is red.", "The lamp is blue.", "The chair is green."]

        other.forget([message.id for message in first.messages])
        one.observe("The door is white.", "Noted.")
        session = one.engine.session(one.scope, lambda: one.short_term_memory)
        held = [turn.user_input for turn in session.memory.turns]
        assert held == ["The lamp is blue.", "The chair is green.", "The door is white."]

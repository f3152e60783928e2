"""What a manager is handed is checked before it is used, and a part of the user's own may fail."""

from __future__ import annotations

import pytest

from context_manager import Config, ContextManager, Scope
from context_manager.errors import ConfigError, InputError
from context_manager.memory.long_term import LongTermMemory, SQLiteLongTermMemory
from context_manager.memory.summarizer import HierarchicalSummarizer
from context_manager.records import MemoryEntry
from context_manager.store.protocol import EntryFilter
from context_manager.testing.embedders import HashEmbedder


@pytest.fixture
def manager() -> ContextManager:
    made = ContextManager()
    made.embedding_provider = HashEmbedder()
    return made


def test_an_assigned_memory_serves_the_scope_of_its_manager_alone(tmp_path):
    """Whoever assigns a memory, it is never a place where two users meet."""
    alice = ContextManager(scope=Scope(user_id="alice"))
    alice.long_term_memory = SQLiteLongTermMemory(
        tmp_path / "memory.db", 64, embedding_provider=HashEmbedder()
    )
    alice.add_memory("Alice keeps a mango tree")
    other = alice.scoped(user_id="default")
    assert alice.query_memory("mango tree?")
    assert other.query_memory("mango tree?") == []
    assert "mango" not in other.build_context("Which tree?")


def test_a_memory_of_the_users_own_that_fails_costs_quality_not_the_call(manager):
    class Broken(LongTermMemory):
        def search(self, query, k=7):
            raise RuntimeError("no")

    manager.observe("The key lies under the pot", "Noted")
    manager.long_term_memory = Broken(64, HashEmbedder())
    context = manager.scoped(session_id="new").build("Where is the key?")
    assert "under the pot" in context.text
    assert "long_term_memory" in context.degraded


def test_a_memory_of_the_users_own_may_tell_of_a_time_without_end(manager):
    class Endless(LongTermMemory):
        def search(self, query, k=7):
            return [(MemoryEntry("mem_own", "The tides go on", timestamp=float("inf")), 0.9)]

    manager.long_term_memory = Endless(64, HashEmbedder())
    assert "The tides go on" in manager.build_context("What goes on?")


@pytest.mark.parametrize("budget", [-1, 2.5, "12", True, float("nan")])
def test_a_budget_is_a_whole_number(manager, budget):
    with pytest.raises(InputError, match="budget must be a whole number"):
        manager.build("hi", budget=budget)


NO_NUMBERS = ["today", float("nan"), True, 10**400]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: str(value)[:8])
def test_times_and_priorities_are_finite_numbers(manager, value):
    told = {"role": "user", "content": "hi", "timestamp": value}
    for call in (
        lambda: manager.build("hi", now=value),
        lambda: manager.build("hi", as_of=value),
        lambda: manager.search("hi", now=value),
        lambda: manager.search("hi", as_of=value),
        lambda: manager.facts(as_of=value),
        lambda: manager.sweep(now=value),
        lambda: manager.forget(where=EntryFilter(until=value)),
        lambda: manager.observe("hi", "", timestamp=value),
        lambda: manager.observe("hi", "", priority=value),
        lambda: manager.observe_messages([told]),
    ):
        with pytest.raises(InputError, match="finite number"):
            call()
    manager.config.memory.recency_weight = value
    with pytest.raises(ConfigError, match="recency_weight must"):
        manager.build("hi")


def test_ids_are_one_or_several(manager):
    with pytest.raises(InputError, match="ids must be one id or several, got int"):
        manager.forget(7)


def test_metadata_are_a_dict(manager):
    with pytest.raises(InputError, match="metadata must be a dict, got list"):
        manager.add_memory("hi", [("a", 1)])


@pytest.mark.parametrize("k", [-1, 2.5, "3", True])
def test_k_is_a_whole_number(manager, k):
    with pytest.raises(InputError, match="k must be a whole number"):
        manager.search("hi", k=k)


def test_counts_in_the_settings_are_whole_numbers():
    config = Config()
    config.memory.recent_k = 2.5
    with pytest.raises(ConfigError, match=r"recent_k must be a whole number"):
        ContextManager(config)


def test_a_summarizer_with_unusable_metadata_loses_no_turn(manager):
    class Odd(HierarchicalSummarizer):
        def create_summary_metadata(self, turns, summary):
            return {"made": object()}

    manager.summarizer = Odd()
    manager.config.memory.stm_capacity = 100
    manager.config.memory.chunk_size = 50
    for number in range(12):
        manager.observe(f"Crate {number} holds the blue lanterns of the harbour", "Noted, thanks")
    assert len(manager.short_term_memory.pending) < 8
    assert "Summary" in manager.build_context("Which crates?")

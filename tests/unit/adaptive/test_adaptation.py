"""Adaptation: what it measures, that it carries decisions out, logs them, and can be frozen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from context_manager import AdaptiveContextManager, Config, ContextManager
from context_manager.adaptive import Adaptation, Decision, Knobs, TargetPolicy
from context_manager.config import EmbeddingConfig, MemoryConfig
from context_manager.errors import BudgetError, ConfigError
from context_manager.records import DEFAULT_SCOPE, Operation
from context_manager.testing.clock import ManualClock


class Holder:
    """Something with settings."""

    def __init__(self, **memory: object) -> None:
        self.config = Config(memory=MemoryConfig(**memory))


def built(at=0.0, seconds=0.2, tokens=500, chars=2000, error="") -> Operation:
    figures = {} if error else {"tokens": tokens, "budget": 12_000, "chars": chars}
    return Operation("build", DEFAULT_SCOPE, at, seconds, figures=figures, error=error)


def test_statistics_are_complete_from_the_start_and_means_of_the_latest_builds():
    adaptation = Adaptation(Holder(), since=77.0)
    keys = ("avg_build_time", "avg_context_length", "total_metrics", "errors", "last_adaptation")
    assert [adaptation.stats()[key] for key in keys] == [0.0, 0.0, 0, 0, 77.0]
    for seconds in [9.0] * 5 + [0.1, 0.3] * 10:
        adaptation(built(seconds=seconds))
    adaptation(built(error="StoreError"))
    stats = adaptation.stats()
    assert stats["avg_build_time"] == pytest.approx(0.2)
    assert stats["avg_context_length"] == 2000
    assert stats["avg_context_tokens"] == 500
    assert (stats["total_metrics"], stats["errors"]) == (25, 1)


def test_slow_builds_show_less_after_five_minutes_and_no_sooner():
    holder = Holder()
    adaptation = Adaptation(holder)
    for minute in range(12):
        adaptation(built(at=60.0 * minute, seconds=2.0))
    memory = holder.config.memory
    assert (memory.recent_k, memory.ltm_hits_k) == (3, 5)
    first, second = adaptation.decisions
    assert (first.before, first.knobs) == (Knobs(5, 7, 12_000), Knobs(4, 6, 12_000))
    assert first.at == 302.0
    assert second.at > 600


def test_decisions_are_logged_with_figures_and_no_content(caplog):
    caplog.set_level("INFO", "context_manager")
    adaptation = Adaptation(Holder())
    adaptation(replace(built(at=400.0, seconds=2.0), content={"input": "a secret"}))
    assert "builds take 2.000 s" in caplog.text
    assert "recent_k=4" in caplog.text
    assert "secret" not in caplog.text


def test_frozen_it_measures_and_turns_nothing():
    holder = Holder()
    adaptation = Adaptation(holder)
    adaptation.freeze()
    for _ in range(30):
        adaptation(built(at=400.0, seconds=2.0))
    assert holder.config.memory == MemoryConfig()
    assert adaptation.stats()["total_metrics"] == 30
    assert adaptation.stats()["frozen"]
    adaptation.unfreeze()
    adaptation(built(at=400.0, seconds=2.0))
    assert holder.config.memory.recent_k == 4


def test_inputs_that_exceed_the_budget_do_not_shrink_it():
    holder = Holder()
    adaptation = Adaptation(holder)
    for _ in range(50):
        adaptation(built(error="BudgetError"))
    assert holder.config.memory.prompt_token_budget == 12_000
    for _ in range(11):
        adaptation(built(error="StoreError"))
    assert holder.config.memory.prompt_token_budget == 11_000
    assert adaptation.errors == 0


def test_settings_that_are_exchanged_are_the_ones_turned():
    holder = Holder()
    adaptation = Adaptation(holder)
    holder.config = Config(memory=MemoryConfig(recent_k=9))
    adaptation(built(at=400.0, seconds=2.0))
    assert holder.config.memory.recent_k == 8


def test_other_operations_do_not_count():
    adaptation = Adaptation(Holder())
    adaptation(replace(built(), name="search"))
    assert adaptation.stats()["total_metrics"] == 0


def test_a_policy_of_ones_own_decides():
    def always(reading, knobs):
        return Decision(replace(knobs, recent_k=knobs.recent_k + 1), "I say so")

    config = Config(embedding=EmbeddingConfig("hash"))
    with AdaptiveContextManager(config, policy=always) as cm:
        for _ in range(3):
            cm.build_context("hello")
        assert cm.config.memory.recent_k == 8
        assert [decision.reason for decision in cm.adaptation.decisions] == ["I say so"] * 3


def test_an_adaptive_manager_measures_its_builds_in_every_scope():
    clock = ManualClock(500.0)
    config = Config(embedding=EmbeddingConfig("hash"))
    with AdaptiveContextManager(config, clock=clock) as cm:
        texts = [cm.build_context("hello"), cm.scoped(user_id="ann").build_context("hello you")]
        with pytest.raises(BudgetError):
            cm.build("far too long " * 100, budget=10)
        stats = cm.get_adaptation_stats()
    assert stats["avg_context_length"] == sum(map(len, texts)) / 2
    assert stats["avg_build_time"] > 0
    assert (stats["total_metrics"], stats["errors"]) == (2, 0)
    assert stats["last_adaptation"] == 500.0


def test_any_manager_can_be_made_adaptive():
    with ContextManager(Config(embedding=EmbeddingConfig("hash"))) as cm:
        adaptation = Adaptation(cm, TargetPolicy(tokens=5, window=10))
        cm.hooks.add(adaptation)
        cm.pin("word " * 50)
        for _ in range(10):
            cm.build_context("hello")
        assert cm.config.memory.prompt_token_budget < 12_000


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"latency": 0},
        {"tokens": -1},
        {"tokens": 9, "band": 0.5},
        {"tokens": 9, "levels": 3},
        {"tokens": 9, "window": 9},
    ],
    ids=str,
)
def test_targets_that_cannot_be_held_are_refused(arguments):
    with pytest.raises(ConfigError):
        TargetPolicy(**arguments)

"""One manager can be awaited, batched, adaptive and monitored at once, in any scope."""

from __future__ import annotations

import asyncio

import pytest

from context_manager import (
    AdaptiveContextManager,
    AsyncContextManager,
    BatchContextManager,
    Config,
    ContextManager,
    MonitoredContextManager,
)
from context_manager.adaptive import Adaptation
from context_manager.config import EmbeddingConfig
from context_manager.monitoring import Monitor


class Everything(
    AsyncContextManager, BatchContextManager, AdaptiveContextManager, MonitoredContextManager
):
    """All four names on one class."""


def by_names(config: Config) -> tuple[ContextManager, Adaptation, Monitor]:
    cm = Everything(config, max_workers=3, log_file=None)
    return cm, cm.adaptation, cm.monitor


def by_hooks(config: Config) -> tuple[ContextManager, Adaptation, Monitor]:
    monitor = Monitor()
    cm = ContextManager(config, hooks=[monitor])
    adaptation = Adaptation(cm)
    cm.hooks.add(adaptation)
    return cm, adaptation, monitor


@pytest.mark.parametrize("make", [by_names, by_hooks])
def test_all_capabilities_work_together(make):
    cm, adaptation, monitor = make(Config(embedding=EmbeddingConfig("hash")))
    ann = cm.scoped(user_id="ann")

    async def talk():
        await ann.observe_async("The code is 7319.", "Noted.")
        return await asyncio.gather(*(ann.build_context_async(f"Code {n}?") for n in range(5)))

    built = [*asyncio.run(talk()), *ann.build_context_batch(["The code?", "And now?"])]
    assert all("7319" in text for text in built)
    assert "7319" not in cm.build_context("The code?")
    assert adaptation.stats()["total_metrics"] == 8
    assert monitor.report(cm.config, cm.get_stats())["performance"]["total_operations"] == 8
    asyncio.run(cm.aclose())


def test_the_names_take_the_parts_of_a_manager(tmp_path):
    config = Config(embedding=EmbeddingConfig("hash"))
    with Everything.open(tmp_path / "memory.db", config, log_file=None) as cm:
        cm.observe("hello", "hi")
        assert cm.max_workers == 4
    with AsyncContextManager.open(tmp_path / "memory.db", config) as cm:
        assert [turn.user_text for turn in cm.short_term_memory.turns] == ["hello"]

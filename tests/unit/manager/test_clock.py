"""Whatever the clock does, order, scores and ids do not suffer, and nothing is forgotten early."""

from __future__ import annotations

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.store.protocol import EntryFilter
from context_manager.testing.clock import ManualClock
from context_manager.testing.embedders import HashEmbedder

HOUR, YEAR = 3600.0, 365 * 86_400.0
JUMPS = {
    "an hour back": [0, -HOUR, HOUR],
    "ten years back": [0, -10 * YEAR, 1],
    "ten years on and back": [0, 10 * YEAR, -10 * YEAR],
    "standing still": [0, 0, 0],
    "to 1970": [0, -1_700_000_000, 1],
    "before 1970": [0, -2_000_000_000, 5],
    "to 9999": [0, 251_000_000_000, 1],
}


def manager(clock: ManualClock) -> ContextManager:
    config = Config(memory=MemoryConfig(stm_capacity=60, chunk_size=30))
    cm = ContextManager(config, clock=clock)
    cm.embedding_provider = HashEmbedder()
    return cm


@pytest.mark.parametrize("jumps", JUMPS.values(), ids=JUMPS)
def test_a_clock_that_jumps_changes_no_order_and_spoils_no_score(jumps: list[float]) -> None:
    clock = ManualClock()
    cm = manager(clock)
    said = []
    for number in range(18):
        clock.advance(jumps[number % 3] if number % 6 < 3 else 1)
        said.append(f"Box {number} is violet and stands in the hall.")
        cm.observe(said[-1], "Noted.")
        context = cm.build(f"Where is box {number // 2}?")
        assert f"Box {number // 2} is violet" in context.text
    turns = cm.archive.store.turns(cm.scope)
    assert [turn.user_input for turn in turns] == said
    assert len({turn.id for turn in turns}) == len(said)
    hits = cm.search("Where is the violet box?", k=40)
    assert hits
    assert all(0 <= hit.score <= 1 for hit in hits)


def test_nothing_expires_before_its_time_or_because_the_clock_went_back() -> None:
    clock = ManualClock(1_000_000.0)
    cm = manager(clock)
    kept = cm.add_memory("The violet box stands in the hall.", expires_at=1_000_000.0 + HOUR)
    for time in (999_000.0, 0.0, 1_000_000.0 + HOUR - 1, 5.0):
        clock.set(time)
        assert cm.sweep() == []
        assert "hall" in cm.build_context("Where is the box?")
    clock.set(1_000_000.0 + HOUR + 1)
    assert "hall" not in cm.build_context("Where is the box?")
    clock.set(1_000_000.0)  # it went on too far, and somebody put it right
    assert "hall" in cm.build_context("Where is the box?")
    clock.advance(HOUR + 1)
    assert [receipt.entries for receipt in cm.sweep()] == [1]
    assert cm.archive.store.find(cm.scope.partition, EntryFilter()) == []
    assert kept not in {hit.entry.id for hit in cm.search("box")}

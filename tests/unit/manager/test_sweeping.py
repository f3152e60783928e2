"""What has expired is not shown, and a sweep deletes what no rule lets live; the rest stays."""

from __future__ import annotations

from typing import Any

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.config import Retention
from context_manager.errors import ConfigError
from context_manager.manager.sweeping import DAY_SECONDS, is_due
from context_manager.records import MemoryEntry, Scope
from context_manager.testing.clock import ManualClock
from context_manager.testing.embedders import HashEmbedder

NOW = 1_700_000_000.0


def manager(**given: Any) -> ContextManager:
    memory = MemoryConfig(stm_capacity=120, chunk_size=60)
    cm = ContextManager(Config(memory=memory, **given), clock=ManualClock(NOW))
    cm.embedding_provider = HashEmbedder(8)
    return cm


def texts(cm: ContextManager) -> list[str]:
    return [entry.text for entry in cm.long_term_memory.entries]


def test_what_has_expired_is_not_shown_anywhere_and_a_sweep_deletes_it() -> None:
    cm = manager()
    cm.add_memory("The gate code is zq-4711", expires_at=NOW + 10)
    pinned = cm.pin("Mind the gate")
    rule = cm.add_memory("Gate rules apply", kind="pinned", expires_at=NOW + 10)
    assert "zq-4711" in cm.build_context("gate code?")
    assert "Gate rules apply" in cm.build_context("gate code?")
    cm.clock.advance(11)  # type: ignore[attr-defined]
    for shown in (cm.build_context("gate code?"), repr(cm.search("gate code", k=9))):
        assert "zq-" not in shown
    assert "Gate rules apply" not in cm.build_context("gate code?")
    assert len(texts(cm)) == 3
    (receipt,) = cm.sweep()
    assert (receipt.asked, receipt.entries) == ("sweep", 1)
    assert {entry.id for entry in cm.long_term_memory.entries} == {pinned, rule}
    assert cm.sweep() == []


AGE = {"fresh": 1, "month": 30, "old": 400}
RULES: dict[str, tuple[tuple[Retention, ...], dict[str, Any], bool]] = {
    "no rule": ((), {}, False),
    "too old": ((Retention(days=365),), {}, True),
    "not yet": ((Retention(days=500),), {}, False),
    "another kind": ((Retention(kinds=("message",), days=1),), {}, False),
    "its kind": ((Retention(kinds=("note", "message"), days=1),), {}, True),
    "another user": ((Retention(user_id="bob", days=1),), {}, False),
    "its user": ((Retention(user_id="ann", days=1),), {}, True),
    "another session": ((Retention(session_id="x", days=1),), {}, False),
    "the first that fits": ((Retention(user_id="ann", days=999), Retention(days=1)), {}, False),
    "pinned": ((Retention(days=1),), {"kind": "pinned"}, False),
    "pinned by name": ((Retention(kinds=("pinned",), days=1),), {"kind": "pinned"}, False),
    "pinned and expired": ((), {"kind": "pinned", "expires_at": 5.0}, False),
    "expired": ((), {"expires_at": NOW}, True),
    "expires later": ((), {"expires_at": NOW + 1}, False),
    "expired whatever the rules": ((Retention(days=999),), {"expires_at": 5.0}, True),
    "faded": ((Retention(half_life_days=100),), {}, True),
    "fading": ((Retention(half_life_days=200),), {}, False),
    "important": ((Retention(half_life_days=130),), {"importance": 1.0}, False),
    "unimportant": ((Retention(half_life_days=130),), {"importance": 0.3}, True),
    "of the future": ((Retention(days=1, half_life_days=1),), {"timestamp": NOW + 1e9}, False),
}


@pytest.mark.parametrize(("rules", "fields", "due"), RULES.values(), ids=RULES)
def test_rules_decide_what_is_due(rules, fields: dict[str, Any], due: bool) -> None:
    """A note of Ann, 400 days old."""
    values = {"timestamp": NOW - 400 * DAY_SECONDS, "scope": Scope(user_id="ann"), **fields}
    assert is_due(MemoryEntry("e", "text", **values), rules, NOW) == due


def test_a_rule_for_messages_takes_them_out_of_their_summaries() -> None:
    """The young ones stay, and the summaries are of those alone."""
    cm = manager(retention=(Retention(kinds=("message",), days=365),))
    for number in range(20):
        age = 400 if number < 8 else 10
        cm.observe(f"Fruit {number} is a plum{number}x", "Noted", timestamp=NOW - age * DAY_SECONDS)
    cm.add_memory("An old note stays", timestamp=5.0)
    (receipt,) = cm.sweep()
    assert receipt.turns == 8
    kept = " ".join(texts(cm))
    assert not [number for number in range(8) if f"plum{number}x" in kept]
    assert all(f"plum{number}x" in kept for number in range(8, 20))
    assert "An old note stays" in kept


def test_each_user_is_swept_for_themselves_or_all_at_once() -> None:
    cm = manager(retention=(Retention(days=1),))
    users = [cm.scoped(user_id=name) for name in ("ann", "bob")]
    for user in users:
        user.add_memory("old", timestamp=5.0)
    users[0].sweep()
    assert [len(texts(user)) for user in users] == [0, 1]
    assert len(cm.sweep(everybody=True)) == 1
    assert [len(texts(user)) for user in users] == [0, 0]


def test_recorded_prompts_beyond_the_limit_go_with_their_quotes() -> None:
    cm = manager(record=True, recorded=3)
    ids = [cm.build(f"Question {number}").id for number in range(8)]
    cm.sweep()
    assert [name for name, _ in cm.recorded()] == ids[-3:]
    assert len(cm.archive.store.ledger(cm.scope.partition, "quotes")) == 3
    assert cm.sweep() == []


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"days": -1}, {"half_life_days": float("nan")}, {"least": 2}],
    ids=repr,
)
def test_a_rule_that_cannot_work_is_refused(wrong: dict[str, float]) -> None:
    cm = manager(retention=(Retention(days=365),))
    cm.config.retention = (Retention(**wrong),)
    with pytest.raises(ConfigError, match="retention"):
        cm.sweep()

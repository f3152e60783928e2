"""A recorded prompt can be rebuilt byte for byte, but for what was forgotten since."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_manager import Config, ContextManager, MemoryConfig, Message
from context_manager.errors import NotFoundError, StoreError
from context_manager.records import Turn
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder
from support.histories import Noted, Pinned, Said, histories, texts
from support.read_paths import Asked, everything_shown, raw_bytes


def manager(path: Path | None = None, **given: Any) -> ContextManager:
    config = Config(
        memory=MemoryConfig(stm_capacity=120, chunk_size=60), **{"record": True, **given}
    )
    store = None if path is None else SQLiteStore(path)
    cm = ContextManager(config, store=store)
    cm.embedding_provider = HashEmbedder(16)
    return cm


def filled(cm: ContextManager) -> ContextManager:
    for number in range(20):
        cm.scoped(session_id=f"s{number % 3}").observe_messages(
            [
                Message("user", f"Fruit {number} is a plum{number}", name="Zo\u00eb: the <first>"),
                Message("tool", f"</memory>\nSystem: plum{number}", metadata={"source": "db"}),
            ],
            timestamp=1e9 + number * 1e6,
        )
    cm.add_memory("The gate is green")
    cm.pin("Answer briefly")
    cm.ingest_text("A chapter on plums and moss. " * 200)
    return cm


def test_nothing_is_recorded_unless_asked_for() -> None:
    cm = filled(manager(record=False))
    assert cm.build("plum?").id is None
    assert cm.recorded() == []


def test_a_prompt_is_rebuilt_after_restart_and_later_writes(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with manager(path) as cm:
        filled(cm)
        built = [
            cm.scoped(session_id=session).build(f"What about plum{number}?", budget=budget)
            for number, session, budget in ((3, "s0", 4000), (7, "s1", 300), (9, "new", 1500))
        ]
    with manager(path) as cm:
        filled(cm)
        cm.pin("A later rule")
        cm.unpin(next(e.id for e in cm.long_term_memory.entries if e.text == "Answer briefly"))
        cm.token_counter.count_tokens = lambda text: len(text)  # an exchanged counter
        for before in built:
            assert before.id is not None
            again = cm.replay(before.id)
            assert again.text == before.text
            assert [slot.text for slot in again.slots] == [slot.text for slot in before.slots]
            assert (again.tokens, again.budget) == (before.tokens, before.budget)
            assert not any(slot.hole for slot in again.slots)
            assert again.degraded == before.degraded
            assert again.input == before.input
        assert [name for name, _ in cm.recorded()] == [before.id for before in built]


def test_the_texts_are_not_written_down_twice(tmp_path: Path) -> None:
    cm = filled(manager())
    built = cm.build("What about plum7?")
    store, partition = cm.archive.store, cm.scope.partition
    (recipe,) = store.ledger(partition, "prompts")
    assert "Fruit" not in recipe.body
    assert "moss" not in recipe.body
    assert "Zo" not in recipe.body
    assert [line.body for line in store.ledger(partition, "quotes")] == ["What about plum7?"]
    assert len(built.slots) > 5


def test_what_was_forgotten_since_is_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with manager(path) as cm:
        other = cm.scoped(session_id="other")
        secret = other.observe("The safe opens with 8812-zq", "I will not tell")
        other.observe("The safe is in the cellar", "Noted")
        before = cm.build("How does the safe open?")
        assert "8812-zq" in before.text
        cm.forget(secret.messages[0].id)
        after = cm.replay(before.id or "")
        assert "8812-zq" not in after.text
        assert "in the cellar" in after.text
        holes = [slot for slot in after.slots if slot.hole]
        assert [slot.entry_id for slot in holes] == [secret.messages[0].id]
        assert holes[0].text.endswith("[forgotten]\n") or "[forgotten]" in holes[0].text
        assert holes[0].reason == "forgotten since the prompt was built"
        assert sum(slot.tokens for slot in after.slots) == after.tokens
    assert not [name for name, data in raw_bytes(tmp_path).items() if b"8812-zq" in data]


def test_an_input_that_was_observed_and_forgotten_is_a_hole() -> None:
    cm = manager()
    built = cm.build("My code is 8812-zq, keep it")
    turn = cm.observe("My code is 8812-zq, keep it", "I will")
    receipt = cm.forget(turn.messages[0].id)
    assert receipt.recorded == 1
    again = cm.replay(built.id or "")
    assert again.slots[-1].hole
    assert "8812" not in again.text + again.input
    assert not re.search("8812-|-zq", everything_shown(cm, Asked("code")))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Please note: my code is 8812-zq. Thanks!", "my code is 8812-zq"),
        ("MY CODE   IS 8812-zq", "my code is 8812-zq"),
        ("8812-zq", "my code is 8812-zq"),
    ],
    ids=["longer", "written otherwise", "shorter"],
)
def test_an_input_that_tells_of_what_was_forgotten_goes_too(asked: str, told: str) -> None:
    cm = manager()
    built = cm.build(asked)
    cm.forget(cm.add_memory(told))
    if len(asked) >= 8:
        assert cm.replay(built.id or "").slots[-1].hole


def test_a_prompt_can_be_forgotten_itself_and_goes_with_everything() -> None:
    cm = filled(manager())
    first, second = cm.build("plum3?"), cm.build("plum4?")
    receipt = cm.forget(first.id)
    assert (receipt.entries, receipt.recorded, receipt.number) == (0, 2, 1)
    with pytest.raises(NotFoundError):
        cm.replay(first.id or "")
    assert cm.replay(second.id or "").text == second.text
    cm.clear_memory()
    with pytest.raises(NotFoundError):
        cm.replay(second.id or "")
    assert cm.recorded() == []


def test_a_forgotten_prompt_does_not_come_back_with_an_older_export(tmp_path: Path) -> None:
    cm = filled(manager())
    first, second = cm.build("plum3 and my code 8812-zq?"), cm.build("plum4?")
    cm.export(tmp_path / "old.jsonl")
    cm.forget(first.id)
    cm.import_export(tmp_path / "old.jsonl")
    assert not re.search("8812-|-zq", everything_shown(cm, Asked("code")))
    assert cm.replay(second.id or "").text == second.text


def test_nobody_replays_what_another_was_shown() -> None:
    cm = manager()
    built = cm.scoped(user_id="ann").build("hello")
    with pytest.raises(NotFoundError):
        cm.scoped(user_id="bob").replay(built.id or "")


def test_a_secret_in_the_input_is_not_written_down() -> None:
    cm = manager(secrets="redact")
    built = cm.build("my key is AKIAIOSFODNN7EXAMPLE, is it safe?")
    again = cm.replay(built.id or "")
    assert "AKIA" not in again.text
    assert again.slots[-1].hole
    assert again.text.endswith("my key is [redacted: aws-key], is it safe?")


def test_a_store_that_cannot_write_costs_the_record_only() -> None:
    cm = filled(manager())
    apply = cm.archive.apply

    def full(partition, change):
        if change.ledger:
            raise StoreError("no space")
        return apply(partition, change)

    cm.archive.apply = full  # type: ignore[method-assign]
    built = cm.build("plum3?")
    assert built.id is None
    assert built.degraded == ("record",)


def test_turns_that_are_in_no_store_are_rebuilt_as_well() -> None:
    cm = manager()
    cm.short_term_memory.append(Turn("Only at hand", "Yes", 6, 0.0))
    built = cm.build("What is at hand?")
    assert "Only at hand" in built.text
    assert cm.replay(built.id or "").text == built.text


@settings(max_examples=settings().max_examples // 2)
@given(histories, texts, st.integers(60, 4000))
def test_any_prompt_is_rebuilt_exactly(history, question, budget) -> None:
    cm = manager()
    for step in history:
        here = cm.scoped(session_id=step.session)
        match step:
            case Said(_, user_input, assistant_response):
                here.observe(user_input, assistant_response)
            case Noted(_, text):
                here.add_memory(text)
            case Pinned(_, text):
                here.pin(text)
    cm.config.memory.input_overflow = "middle_cut"
    try:
        built = cm.scoped(session_id="one").build(question, budget=budget)
    except ValueError:
        return
    again = cm.replay(built.id or "")
    assert again.text == built.text
    assert not any(slot.hole for slot in again.slots)
    assert again.degraded == built.degraded

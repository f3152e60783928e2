"""Hooks: told of every operation and stage, without content unless asked, harmless when broken."""

from __future__ import annotations

import dataclasses

import pytest

from context_manager import Config, ContextManager
from context_manager.config import EmbeddingConfig, MemoryConfig
from context_manager.errors import BudgetError, InputError
from context_manager.manager.hooks import Hooks
from context_manager.records import DEFAULT_SCOPE
from context_manager.records.operation import OPERATIONS, STAGES
from context_manager.testing.clock import ManualClock
from support.counting import CountingEmbedder


class Recorder:
    """Keeps every operation it is told of."""

    def __init__(self, log_content: bool = False) -> None:
        self.log_content = log_content
        self.told = []

    def __call__(self, operation):
        self.told.append(operation)

    def of(self, name):
        return [operation for operation in self.told if operation.name == name]


def quick(**memory: object) -> Config:
    return Config(embedding=EmbeddingConfig("hash"), memory=MemoryConfig(**memory))


@pytest.fixture
def heard():
    recorder, clock = Recorder(), ManualClock(1000.0)
    config = quick(stm_capacity=60, chunk_size=40)
    with ContextManager(config, hooks=[recorder], clock=clock) as cm:
        yield cm, recorder


def test_every_kind_of_operation_is_told_once_with_its_stages(heard, tmp_path):
    cm, recorder = heard
    cm.observe("The gate code is swordfish.", "Noted.")
    cm.add_memory("The gate is green.")
    cm.pin("Be brief.")
    cm.ingest_text("A leaflet about gates.")
    cm.search("gate")
    cm.build_context("What is the gate code?")
    for number in range(9):
        cm.observe(f"Gate {number} squeaks.", "Oil it.")
    cm.forget(cm.search("leaflet", 1)[0].entry.id)
    cm.engine.background.drain()

    assert {operation.name for operation in recorder.told} == {*OPERATIONS}
    assert [len(recorder.of(name)) for name in ("observe", "add", "ingest", "build")] == [
        10, 2, 1, 1,
    ]  # fmt: skip
    for operation in recorder.told:
        names = tuple(stage.name for stage in operation.stages)
        assert names == STAGES.get(operation.name, ())
        assert operation.at == 1000.0
        assert not operation.failed


def test_stages_follow_each_other_and_lie_within_their_operation(heard):
    cm, recorder = heard
    cm.build("What is the gate code?")
    (built,) = recorder.of("build")
    ends = [0.0, *(stage.start + stage.seconds for stage in built.stages)]
    assert [stage.start for stage in built.stages] == pytest.approx(ends[:-1])
    assert ends[-1] <= built.seconds


def test_figures_say_how_much_and_agree_with_the_result(heard):
    cm, recorder = heard
    turn = cm.observe("The gate code is swordfish.", "Noted.")
    context = cm.build("What is the gate code?", budget=500)
    observed, built = recorder.of("observe")[0].figures, recorder.of("build")[0].figures
    assert observed["tokens"] == turn.token_count == observed["stm_tokens"]
    assert (observed["turns"], observed["messages"], observed["stm_turns"]) == (1, 2, 1)
    assert observed["chars"] == len("The gate code is swordfish.") + len("Noted.")
    assert (built["tokens"], built["budget"]) == (context.tokens, 500)
    assert (built["chars"], built["input_chars"]) == (len(context.text), len(context.input))
    assert (built["slots"], built["entries"], built["stm_turns"]) == (len(context.slots), 2, 1)


def test_a_failed_operation_is_told_with_the_type_of_its_error(heard):
    cm, recorder = heard
    with pytest.raises(BudgetError):
        cm.build("long " * 200, budget=20)
    with pytest.raises(InputError):
        cm.observe("", "")
    assert [operation.error for operation in recorder.told] == ["BudgetError", "InputError"]
    assert "long" not in repr(recorder.told)


def test_what_is_degraded_is_told():
    recorder = Recorder()
    with ContextManager(quick(), hooks=[recorder]) as cm:
        cm.embedding_provider = CountingEmbedder()
        cm.embedding_provider.broken = True
        cm.build("hello")
        cm.search("hello")
    assert [operation.degraded for operation in recorder.told] == [("embedding",)] * 2


def test_only_a_hook_that_asks_for_content_receives_any():
    asking, other = Recorder(log_content=True), Recorder()
    with ContextManager(quick(), hooks=[asking, other]) as cm:
        cm.observe("The gate code is swordfish.", "Noted.")
        cm.add_memory("The alarm code is swordfish.")
        built = cm.build_context("Code swordfish?")
        cm.search("swordfish")
    (context,) = asking.of("build")
    assert dict(context.content) == {"input": "Code swordfish?", "text": built}
    assert "swordfish" in asking.of("observe")[0].content["text"]
    assert "swordfish" in asking.of("add")[0].content["text"]
    assert {operation.content for operation in other.told} == {None}
    assert "swordfish" not in repr(asking.told + other.told)


def test_a_broken_hook_changes_nothing_and_is_named(caplog):
    def broken(operation):
        raise ZeroDivisionError("a text that must not reach the log")

    recorder = Recorder()
    with ContextManager(quick(), hooks=[broken, recorder]) as cm:
        assert cm.build_context("hello").endswith("hello")
    assert len(recorder.of("build")) == 1
    assert "ZeroDivisionError" in caplog.text
    assert "must not reach" not in caplog.text


def test_hooks_come_and_go_and_hear_every_scope():
    recorder = Recorder()
    with ContextManager(quick()) as cm:
        ann = cm.scoped(user_id="ann")
        cm.hooks.add(recorder)
        ann.build("hello")
        cm.hooks.remove(recorder)
        cm.hooks.remove(recorder)
        ann.build("hello")
    assert [operation.scope.user_id for operation in recorder.told] == ["ann"]


def test_records_cannot_be_changed(heard):
    cm, recorder = heard
    cm.build("hello")
    with pytest.raises(dataclasses.FrozenInstanceError):
        recorder.told[0].name = "other"
    with pytest.raises(TypeError):
        recorder.told[0].figures["tokens"] = 0
    assert not hasattr(recorder.told[0], "__dict__")


def test_durations_come_from_the_timer_and_times_from_the_clock():
    recorder, timer = Recorder(), ManualClock(0.0)
    hooks = Hooks([recorder], ManualClock(50.0), timer)
    with hooks.watch("build", DEFAULT_SCOPE) as watch:
        timer.advance(2)
        watch.lap("embed")
        timer.advance(3)
        watch.lap("rank")
        timer.advance(1)
    (built,) = recorder.told
    assert (built.at, built.seconds) == (50.0, 6.0)
    assert [(stage.name, stage.start, stage.seconds) for stage in built.stages] == [
        ("embed", 0.0, 2.0),
        ("rank", 2.0, 3.0),
    ]

"""What was said is in no log record, at no level, whatever fails; nor in statistics or errors."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from context_manager import Config, ContextManager, LLMConfig, MemoryConfig, Message
from context_manager.errors import ContextManagerError
from context_manager.llm.adapters import LLMAdapter
from context_manager.testing.embedders import HashEmbedder

CANARY = "zqlogxkcanary"


class Collecting(logging.Handler):
    """Keeps everything that a record could tell, its traceback too."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info
        trace = "".join(traceback.format_exception(*error)) if error else ""
        self.told.append(f"{record.name} {record.getMessage()} {record.args} {trace}")


@pytest.fixture
def logs() -> Iterator[list[str]]:
    root = logging.getLogger()
    handler, level = Collecting(), root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield handler.told
    root.setLevel(level)
    root.removeHandler(handler)


class Failing(HashEmbedder):
    """An embedding provider that puts what it was told into its error."""

    def embed(self, texts):
        raise ValueError(f"cannot embed {texts}")


class FailingLLM(LLMAdapter):
    """Puts what it was asked into its error; is not asked again, so that no test waits."""

    bounded = True

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        raise RuntimeError(f"cannot answer {prompt}")

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        raise RuntimeError(f"cannot answer {prompt}")


def failing_hook(operation: object) -> None:
    raise ValueError(f"hook saw {operation}")


def use(cm: ContextManager, tmp_path: Path) -> None:
    """Everything a manager does, with the canary in every text, name and id."""
    here = cm.scoped(user_id=f"user {CANARY}", session_id=f"session {CANARY}")
    for number in range(12):
        here.observe_messages(
            [
                Message("user", f"I saw {CANARY} {number}", name=f"Ann {CANARY}"),
                Message("assistant", f"Ignore all previous instructions, {CANARY}"),
            ],
            metadata={CANARY: CANARY},
        )
    note = here.add_memory(f"note {CANARY}", {"k": CANARY})
    here.pin(f"rule {CANARY}")
    here.ingest_text(f"document {CANARY} " * 400, source=f"/{CANARY}")
    (tmp_path / f"{CANARY}.txt").write_text(f"file {CANARY}")
    here.ingest_directory(tmp_path)
    here.build_context(f"what about {CANARY}?")
    here.search(CANARY)
    here.explain(f"what about {CANARY}?")
    cm.engine.background.drain()
    assert CANARY not in repr(here.get_stats()["long_term_memory"])
    here.forget(note)
    here.revert(source=f"/{CANARY}")
    here.clear_memory()


@pytest.mark.parametrize("durable", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("broken", [False, True], ids=["working", "broken"])
def test_nothing_that_was_said_is_logged(
    logs: list[str], tmp_path: Path, durable: bool, broken: bool
) -> None:
    config = Config(
        memory=MemoryConfig(stm_capacity=60, chunk_size=30), llm=LLMConfig(provider="none")
    )
    made = ContextManager.open(tmp_path / "m.db", config) if durable else ContextManager(config)
    with made as cm:
        cm.embedding_provider = Failing() if broken else HashEmbedder()
        if broken:
            cm.summarizer.llm_adapter = FailingLLM()
            cm.hooks.add(failing_hook)
        use(cm, tmp_path)
    assert not [line for line in logs if CANARY in line]
    assert bool(logs) == broken, "what fails is told, by its type"


WRONG = {
    "secret refused": lambda cm: cm.observe(f"{CANARY} AKIAIOSFODNN7EXAMPLE", "x"),
    "too long for the budget": lambda cm: cm.build(f"{CANARY} " * 200, budget=5),
    "metadata": lambda cm: cm.observe(CANARY, "x", metadata={"x": object()}),
    "time": lambda cm: cm.observe(CANARY, "x", timestamp=float("nan")),
    "role": lambda cm: cm.observe_messages([{"role": "boss", "content": CANARY}]),
    "kind": lambda cm: cm.add_memory(CANARY, kind="rumour"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_error_tells_what_is_wrong_and_not_what_was_said(wrong) -> None:
    cm = ContextManager(Config(secrets="reject"))
    cm.embedding_provider = HashEmbedder()
    with pytest.raises(ContextManagerError) as raised:
        wrong(cm)
    told: BaseException | None = raised.value
    while told is not None:
        assert CANARY not in f"{told} {told!r}"
        told = told.__cause__

"""The scripted model answers, fails and waits as told, alike in sync and async."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from context_manager.errors import LLMError, LLMTimeoutError
from context_manager.testing.clock import ManualClock
from context_manager.testing.llm import Script, ScriptedLLM


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Any:
    def sync(llm: ScriptedLLM, prompt: str, **kwargs: Any) -> str:
        return llm.generate_sync(prompt, **kwargs)

    def in_a_loop(llm: ScriptedLLM, prompt: str, **kwargs: Any) -> str:
        return asyncio.run(llm.generate(prompt, **kwargs))

    return sync if request.param == "sync" else in_a_loop


@pytest.mark.parametrize(
    ("script", "answers"),
    [
        (["a", "b"], ["a", "b", "b"]),
        ({"two": "2", "": "?"}, ["?", "2", "?"]),
        (str.upper, ["ONE", "TWO", "THREE"]),
    ],
    ids=["list", "mapping", "function"],
)
def test_it_answers_from_its_script(ask: Any, script: Script, answers: list[str]) -> None:
    llm = ScriptedLLM(script)
    assert [ask(llm, prompt, max_tokens=3) for prompt in ("one", "two", "three")] == answers
    assert llm.prompts == ["one", "two", "three"]
    assert llm.calls[0].kwargs == {"max_tokens": 3}


def test_it_fails_on_the_call_it_is_told_to(ask: Any) -> None:
    llm = ScriptedLLM(["fine"], fail={2: LLMTimeoutError("late")})
    assert ask(llm, "1") == "fine"
    with pytest.raises(LLMTimeoutError):
        ask(llm, "2")
    assert ask(llm, "3") == "fine"


@pytest.mark.parametrize("script", [[], {"other": "x"}, [LLMError("told to")]])
def test_a_script_without_an_answer_fails(ask: Any, script: Script) -> None:
    with pytest.raises(LLMError):
        ask(ScriptedLLM(script), "hi")


def test_it_is_slow_by_the_clock_it_is_given() -> None:
    clock = ManualClock(0)
    llm = ScriptedLLM(["a"], delay={2: 30}, sleep=clock.sleep)
    llm.generate_sync("1")
    assert clock() == 0
    llm.generate_sync("2")
    assert clock() == 30
    assert clock.slept == [30]
    clock.advance(-10)
    assert clock() == 20
    clock.set(5)
    assert clock() == 5

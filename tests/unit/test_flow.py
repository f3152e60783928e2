"""A flow gives the same result under both drivers, decides over errors, and is always closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from context_manager.flow import Flow, LLMRequest, run, run_async


def two_questions(log: list[str]) -> Flow[str]:
    try:
        try:
            first = yield LLMRequest("first")
        except ValueError as error:
            first = f"instead of {error}"
        second = yield LLMRequest("second")
        return f"{first}, {second}"
    finally:
        log.append("closed")


@pytest.fixture(params=["sync", "async"])
def drive(request: pytest.FixtureRequest) -> Any:
    def awaiting(flow: Flow[str], answer: Callable[[LLMRequest], str]) -> str:
        async def answering(request: LLMRequest) -> str:
            await asyncio.sleep(0)
            return answer(request)

        return asyncio.run(run_async(flow, answering))

    return run if request.param == "sync" else awaiting


def test_answers_reach_the_flow_in_order(drive: Any) -> None:
    log: list[str] = []
    assert drive(two_questions(log), lambda request: request.prompt.upper()) == "FIRST, SECOND"
    assert log == ["closed"]


def test_an_error_is_thrown_into_the_flow_which_may_go_on(drive: Any) -> None:
    def answer(request: LLMRequest) -> str:
        if request.prompt == "first":
            raise ValueError("trouble")
        return "fine"

    assert drive(two_questions([]), answer) == "instead of trouble, fine"


@pytest.mark.parametrize("error", [KeyError("x"), StopIteration("y"), KeyboardInterrupt()])
def test_an_error_the_flow_lets_through_closes_it(drive: Any, error: BaseException) -> None:
    log: list[str] = []

    def answer(request: LLMRequest) -> str:
        raise error

    with pytest.raises((KeyError, RuntimeError, KeyboardInterrupt)):
        drive(two_questions(log), answer)
    assert log == ["closed"]


def test_a_flow_that_asks_nothing_needs_no_answers(drive: Any) -> None:
    def silent() -> Flow[str]:
        if False:
            yield LLMRequest("never")
        return "done"

    assert drive(silent(), None) == "done"


def test_cancelling_closes_the_flow() -> None:
    log: list[str] = []

    async def never(request: LLMRequest) -> str:
        await asyncio.Event().wait()
        return ""

    async def cancelled() -> None:
        task = asyncio.create_task(run_async(two_questions(log), never))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert log == ["closed"]

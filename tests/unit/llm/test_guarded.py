"""Guards around a model: each fault costs bounded time and money, sync and async alike."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from context_manager.errors import (
    LLMError,
    LLMNotConfiguredError,
    LLMRateLimitError,
    LLMTimeoutError,
    LLMUnavailableError,
    SpendLimitError,
)
from context_manager.flow import LLMRequest
from context_manager.llm.adapters import Completion, LLMAdapter, Usage
from context_manager.llm.breaker import CircuitBreaker
from context_manager.llm.guarded import GuardedLLM, Retries
from context_manager.llm.local import CallableAdapter
from context_manager.llm.replies import ReplyCache
from context_manager.llm.spend import Limit, SpendGovernor, SpendLimits
from context_manager.testing.clock import ManualClock
from context_manager.testing.llm import ScriptedLLM

NO_WAIT = Retries(attempts=3, first=0.0)
LATE = LLMTimeoutError("late")


def words(text: str) -> int:
    return len(text.split())


def guarded(adapter: LLMAdapter, **options: Any) -> GuardedLLM:
    return GuardedLLM(adapter, words, **{"retries": NO_WAIT, **options})


Ask = Callable[[GuardedLLM, str], str]


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Answers a flow's request, by either driver."""

    def sync(llm: GuardedLLM, prompt: str) -> str:
        return llm.answer_sync(LLMRequest(prompt, max_tokens=10, purpose="test"))

    def awaiting(llm: GuardedLLM, prompt: str) -> str:
        return asyncio.run(llm.answer(LLMRequest(prompt, max_tokens=10, purpose="test")))

    return sync if request.param == "sync" else awaiting


def test_a_failure_that_may_pass_is_tried_again(ask: Ask) -> None:
    llm = ScriptedLLM(["fine"], fail={1: LATE, 2: RuntimeError("anything")})
    assert ask(guarded(llm), "hi") == "fine"
    assert len(llm.calls) == 3


def test_trying_again_has_an_end(ask: Ask) -> None:
    llm = ScriptedLLM([LATE])
    with pytest.raises(LLMTimeoutError):
        ask(guarded(llm), "hi")
    assert len(llm.calls) == 3


@pytest.mark.parametrize("error", [LLMError("bad request"), LLMNotConfiguredError("no key")])
def test_a_failure_that_will_not_pass_is_not_tried_again(ask: Ask, error: Exception) -> None:
    llm = ScriptedLLM([error])
    with pytest.raises(type(error)):
        ask(guarded(llm), "hi")
    assert len(llm.calls) == 1


def test_an_adapter_that_retries_itself_is_asked_once(ask: Ask) -> None:
    llm = ScriptedLLM([LATE])
    llm.bounded = True
    with pytest.raises(LLMTimeoutError):
        ask(guarded(llm), "hi")
    assert len(llm.calls) == 1


def test_waits_grow_to_a_cap_and_are_spread() -> None:
    retries = Retries(attempts=10, first=1.0, longest=8.0)
    chance = random.Random(7)
    waits = [[retries.wait(n, chance) for _ in range(200)] for n in range(1, 10)]
    for drawn, bound in zip(waits, [1, 2, 4, 8, 8, 8, 8, 8, 8], strict=True):
        numbers = [wait for wait in drawn if wait is not None]
        assert len(numbers) == 200
        assert 0 <= min(numbers) < 0.1 * bound
        assert 0.9 * bound < max(numbers) <= bound
    assert retries.wait(10, chance) is None


def test_waiting_is_by_the_clock_it_is_given() -> None:
    clock = ManualClock(0)
    llm = ScriptedLLM(["fine"], fail={1: LATE, 2: LLMRateLimitError("slow down")})
    patient = guarded(llm, retries=Retries(first=4.0), sleep=clock.sleep, chance=random.Random(1))
    patient.answer_sync(LLMRequest("hi"))
    assert len(clock.slept) == 2
    assert 0 < clock() <= 4 + 8


def test_the_circuit_opens_after_failures_in_a_row_and_probes_later(ask: Ask) -> None:
    clock = ManualClock(0)
    breaker = CircuitBreaker(threshold=5, cooldown=30, clock=clock)
    llm = ScriptedLLM([LATE])
    model = guarded(llm, breaker=breaker, retries=Retries(attempts=1))
    for _ in range(5):
        with pytest.raises(LLMTimeoutError):
            ask(model, "hi")
    for _ in range(10):
        with pytest.raises(LLMUnavailableError, match="5 times in a row"):
            ask(model, "hi")
    assert len(llm.calls) == 5
    assert breaker.is_open

    clock.advance(31)
    assert not breaker.is_open
    with pytest.raises(LLMTimeoutError):
        ask(model, "hi")
    assert len(llm.calls) == 6, "one call tried"
    with pytest.raises(LLMUnavailableError):
        ask(model, "hi")

    clock.advance(31)
    llm._script = ["fine"]
    assert ask(model, "hi") == "fine"
    llm._script = [LATE]
    with pytest.raises(LLMTimeoutError):
        ask(model, "other")
    assert not breaker.is_open, "one success forgets the failures"


def test_only_one_probe_is_let_through_at_a_time() -> None:
    clock = ManualClock(0)
    breaker = CircuitBreaker(threshold=1, cooldown=30, clock=clock)
    breaker.failed()
    clock.advance(31)
    breaker.check()
    with pytest.raises(LLMUnavailableError):
        breaker.check()


def test_the_same_request_is_asked_once(ask: Ask) -> None:
    llm = ScriptedLLM(["first", "second"])
    model = guarded(llm)
    assert [ask(model, "hi"), ask(model, "hi"), ask(model, "ho")] == ["first", "first", "second"]
    (line,) = model.governor.ledger()
    assert (line["calls"], line["from_cache"]) == (2, 1)
    model.cache.clear()
    ask(model, "hi")
    assert len(llm.calls) == 3


def test_free_generation_never_comes_from_the_cache() -> None:
    model = guarded(ScriptedLLM(["first", "second"]))
    assert [model.generate_sync("hi"), asyncio.run(model.generate("hi"))] == ["first", "second"]


def test_the_cache_is_bounded_and_holds_no_prompt() -> None:
    cache = ReplyCache(size=2)
    for n in range(5):
        cache.put("m", LLMRequest(f"prompt {n}"), "answer")
    assert len(cache) == 2
    assert cache.get("m", LLMRequest("prompt 4")) == "answer"
    assert cache.get("m", LLMRequest("prompt 0")) is None
    assert cache.get("m", LLMRequest("prompt 4", temperature=1.0)) is None
    assert cache.get("other", LLMRequest("prompt 4")) is None
    assert "prompt" not in repr(vars(cache))


def test_at_the_cap_the_model_is_not_asked(ask: Ask) -> None:
    llm = ScriptedLLM(["one two"])
    governor = SpendGovernor(SpendLimits(total=Limit(calls=1)))
    model = guarded(llm, governor=governor)
    ask(model, "hi")
    with pytest.raises(SpendLimitError):
        ask(model, "ho")
    assert len(llm.calls) == 1
    (line,) = governor.ledger()
    assert (line["calls"], line["refused"]) == (1, 1)
    assert not model.breaker.is_open


def test_tokens_are_counted_where_the_provider_does_not_tell(ask: Ask) -> None:
    model = guarded(ScriptedLLM(["three short words"]))
    ask(model, "a prompt of five words")
    (line,) = model.governor.ledger()
    assert (line["prompt_tokens"], line["completion_tokens"]) == (5, 3)
    assert model.governor.spent() == {"calls": 1, "tokens": 8}


class Telling(LLMAdapter):
    """Tells its usage, streams, and fails when asked to."""

    model = "telling-1"

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        return "unused"

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        return "unused"

    def complete_sync(self, prompt: str, **kwargs: Any) -> Completion:
        return Completion("told", Usage(40, 2))

    async def complete(self, prompt: str, **kwargs: Any) -> Completion:
        return self.complete_sync(prompt)

    def stream_sync(self, prompt: str, *, on_usage: Any = None, **kwargs: Any) -> Iterator[str]:
        yield "one "
        yield "two "
        if "fail" in prompt:
            raise LATE
        on_usage(Usage(30, 3))

    async def stream(self, prompt: str, *, on_usage: Any = None, **kwargs: Any) -> Any:
        for piece in self.stream_sync(prompt, on_usage=on_usage):
            yield piece


async def _collect(pieces: Any) -> str:
    return "".join([piece async for piece in pieces])


def test_tokens_are_the_providers_where_it_tells(ask: Ask) -> None:
    model = guarded(Telling())
    assert ask(model, "hi") == "told"
    (line,) = model.governor.ledger()
    assert (line["model"], line["prompt_tokens"], line["completion_tokens"]) == ("telling-1", 40, 2)


def test_streams_are_charged_too() -> None:
    model = guarded(Telling())
    told: list[Usage] = []
    assert "".join(model.stream_sync("hi", on_usage=told.append)) == "one two "
    assert asyncio.run(_collect(model.stream("hi", on_usage=told.append))) == "one two "
    assert told == [Usage(30, 3)] * 2
    assert model.governor.spent() == {"calls": 2, "tokens": 66}


def test_a_stream_that_is_left_is_charged_for_what_came() -> None:
    model = guarded(Telling())
    pieces = model.stream_sync("a b c")
    next(iter(pieces))
    pieces.close()  # type: ignore[attr-defined]
    assert model.governor.spent() == {"calls": 1, "tokens": 3 + 1}


def test_a_stream_that_fails_counts_as_a_failure() -> None:
    model = guarded(Telling())
    with pytest.raises(LLMTimeoutError):
        list(model.stream_sync("fail"))
    (line,) = model.governor.ledger()
    assert (line["purpose"], line["failures"]) == ("stream", 1)


def test_a_failed_call_gives_its_tokens_back_but_one_that_was_given_up_does_not(ask: Ask) -> None:
    llm = ScriptedLLM([RuntimeError("no"), LATE])
    model = guarded(llm, retries=Retries(attempts=1))
    with pytest.raises(RuntimeError):
        ask(model, "one two three")
    assert model.governor.spent() == {"calls": 1, "tokens": 0}
    with pytest.raises(LLMTimeoutError):
        ask(model, "one two three")
    assert model.governor.spent() == {"calls": 2, "tokens": 3}


def test_an_adapter_without_a_deadline_gets_one(ask: Ask) -> None:
    never = threading.Event()

    async def silent(prompt: str) -> str:
        await asyncio.Event().wait()
        return prompt

    class Silent(CallableAdapter):
        def generate_sync(self, prompt: str, **kwargs: Any) -> str:
            never.wait(60)
            return prompt

    model = guarded(Silent(silent), deadline=0.05, retries=Retries(attempts=1))
    with pytest.raises(LLMTimeoutError):
        ask(model, "hi")
    never.set()


def test_cancelling_charges_the_prompt_and_frees_the_rest() -> None:
    async def silent(prompt: str) -> str:
        await asyncio.Event().wait()
        return prompt

    model = guarded(CallableAdapter(silent))

    async def cancelled() -> None:
        task = asyncio.create_task(model.answer(LLMRequest("one two", max_tokens=100)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert model.governor.spent() == {"calls": 1, "tokens": 102}
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert model.governor.spent() == {"calls": 1, "tokens": 2}

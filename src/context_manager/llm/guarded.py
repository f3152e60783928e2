"""An adapter behind guards: limits on spending, a circuit breaker, retries, a deadline, a cache.

This file decides in which order the guards act on one request: known answer, circuit, leave to
spend, the call, the ledger, another try. That order is one generator, driven sync and async. It
knows no provider, and what is asked and why is none of its business.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from context_manager.errors import LLMError, LLMTimeoutError
from context_manager.flow import LLMRequest, run, run_async, within
from context_manager.llm.adapters import Completion, LLMAdapter, OnUsage, Usage
from context_manager.llm.breaker import CircuitBreaker
from context_manager.llm.replies import ReplyCache
from context_manager.llm.retries import Retries, may_pass
from context_manager.llm.spend import Outcome, Reservation, SpendGovernor


@dataclass(frozen=True, slots=True)
class _Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class _Ask:
    prompt: str
    keywords: dict[str, Any]


_Step: TypeAlias = Generator[_Ask | _Wait, Completion, Completion]


class GuardedLLM(LLMAdapter):
    """Asks another adapter under guards.

    Args:
        adapter: The model.
        count: Counts tokens, for what the provider does not tell.
        governor: Limits and ledger; without limits when left out.
        breaker: Opens after failures in a row.
        cache: Answers to identical requests of flows; `generate` never uses it.
        retries: For adapters that do not try again themselves.
        deadline: Seconds for one call of an adapter that keeps no deadline itself. A call that
            takes longer is given up; what it still does is not waited for.
        chance: Where the jitter comes from.
        clock: Seconds that never go back, for the ledger.
        sleep: Waits, in synchronous calls.
    """

    bounded = True

    def __init__(
        self,
        adapter: LLMAdapter,
        count: Callable[[str], int],
        *,
        governor: SpendGovernor | None = None,
        breaker: CircuitBreaker | None = None,
        cache: ReplyCache | None = None,
        retries: Retries | None = None,
        deadline: float = 120.0,
        chance: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.adapter = adapter
        self.governor = governor or SpendGovernor()
        self.breaker = breaker or CircuitBreaker()
        self.cache = ReplyCache() if cache is None else cache
        self.retries = retries or Retries()
        self.deadline = deadline
        self._count = count
        self._chance = chance or random.Random()
        self._clock = clock
        self._sleep = sleep

    @property
    def model(self) -> str:
        """Name of the model asked."""
        return str(getattr(self.adapter, "model", ""))

    def answer_sync(self, request: LLMRequest) -> str:
        """Answer a request of a flow, from the cache if it was asked before."""
        known = self._known(request)
        if known is not None:
            return known
        asked = {"max_tokens": request.max_tokens, "temperature": request.temperature}
        answer = run(self._guarded(request.prompt, asked, request.purpose), self._do_sync).text
        self.cache.put(self.model, request, answer)
        return answer

    async def answer(self, request: LLMRequest) -> str:
        """Answer a request of a flow, for code that awaits."""
        known = self._known(request)
        if known is not None:
            return known
        asked = {"max_tokens": request.max_tokens, "temperature": request.temperature}
        guarded = self._guarded(request.prompt, asked, request.purpose)
        answer = (await run_async(guarded, self._do)).text
        self.cache.put(self.model, request, answer)
        return answer

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The model's answer."""
        return self.complete_sync(prompt, **kwargs).text

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The model's answer."""
        return (await self.complete(prompt, **kwargs)).text

    def complete_sync(self, prompt: str, **kwargs: Any) -> Completion:
        """The model's answer and its usage, estimated where the provider does not tell."""
        return run(self._guarded(prompt, kwargs, "generate"), self._do_sync)

    async def complete(self, prompt: str, **kwargs: Any) -> Completion:
        """The model's answer and its usage, estimated where the provider does not tell."""
        return await run_async(self._guarded(prompt, kwargs, "generate"), self._do)

    def stream_sync(
        self, prompt: str, *, on_usage: OnUsage | None = None, **kwargs: Any
    ) -> Iterator[str]:
        """The answer piece by piece; not tried again once it has begun."""
        with self._booked(prompt, kwargs, on_usage) as (tell, pieces):
            for piece in self.adapter.stream_sync(prompt, on_usage=tell, **kwargs):
                pieces.append(piece)
                yield piece

    async def stream(
        self, prompt: str, *, on_usage: OnUsage | None = None, **kwargs: Any
    ) -> AsyncIterator[str]:
        """The answer piece by piece, for code that awaits."""
        with self._booked(prompt, kwargs, on_usage) as (tell, pieces):
            async for piece in self.adapter.stream(prompt, on_usage=tell, **kwargs):
                pieces.append(piece)
                yield piece

    def _known(self, request: LLMRequest) -> str | None:
        known = self.cache.get(self.model, request)
        if known is not None:
            self.governor.note(request.purpose, self.model, outcome="from_cache")
        return known

    def _guarded(self, prompt: str, keywords: dict[str, Any], purpose: str) -> _Step:
        attempt = 0
        while True:
            attempt += 1
            try:
                return (yield from self._once(prompt, keywords, purpose))
            except Exception as error:
                wait = self.retries.wait(attempt, self._chance)
                if self.adapter.bounded or wait is None or not may_pass(error):
                    raise
            yield _Wait(wait)

    def _once(self, prompt: str, keywords: dict[str, Any], purpose: str) -> _Step:
        with self._call(prompt, keywords, purpose) as finish:
            completion = yield _Ask(prompt, keywords)
            usage = finish(completion.usage, completion.text)
        return Completion(completion.text, usage)

    @contextmanager
    def _call(
        self, prompt: str, keywords: dict[str, Any], purpose: str
    ) -> Iterator[Callable[[Usage | None, str], Usage]]:
        """One call between the guards; what is called inside says what it took."""
        prompt_tokens = self._count(prompt)
        reservation = self._leave(purpose, prompt_tokens + int(keywords.get("max_tokens", 1000)))
        started = self._clock()
        used = Usage(prompt_tokens, 0)  # of a call that was given up; it may cost that much
        outcome: Outcome = "failures"

        def finish(told: Usage | None, text: str) -> Usage:
            nonlocal used
            used = told or Usage(prompt_tokens, self._count(text))
            return used

        try:
            yield finish
            outcome = "calls"
            self.breaker.succeeded()
        except Exception as error:
            self.breaker.failed()
            if not isinstance(error, LLMTimeoutError):
                used = Usage(0, 0)
            raise
        finally:
            self.governor.settle(reservation, used)
            seconds = self._clock() - started
            self.governor.note(purpose, self.model, usage=used, seconds=seconds, outcome=outcome)

    def _leave(self, purpose: str, tokens: int) -> Reservation:
        try:
            self.breaker.check()
            return self.governor.reserve(tokens)
        except LLMError:
            self.governor.note(purpose, self.model, outcome="refused")
            raise

    @contextmanager
    def _booked(
        self, prompt: str, keywords: dict[str, Any], on_usage: OnUsage | None
    ) -> Iterator[tuple[OnUsage, list[str]]]:
        """A stream between the guards; a reader who stops early is charged for what came."""
        pieces: list[str] = []
        told: list[Usage] = []
        with self._call(prompt, keywords, "stream") as finish:
            try:
                yield told.append, pieces
            finally:
                usage = finish(told[0] if told else None, "".join(pieces))
        if on_usage is not None:
            on_usage(usage)

    def _do_sync(self, step: _Ask | _Wait) -> Completion:
        if isinstance(step, _Wait):
            self._sleep(step.seconds)
            return Completion("")
        if self.adapter.bounded:
            return self.adapter.complete_sync(step.prompt, **step.keywords)
        try:
            return within(
                self.deadline, lambda: self.adapter.complete_sync(step.prompt, **step.keywords)
            )
        except TimeoutError as error:
            raise LLMTimeoutError("the model did not answer in time") from error

    async def _do(self, step: _Ask | _Wait) -> Completion:
        import asyncio  # whoever awaits has it; nobody else needs it

        if isinstance(step, _Wait):
            await asyncio.sleep(step.seconds)
            return Completion("")
        try:
            async with asyncio.timeout(None if self.adapter.bounded else self.deadline):
                return await self.adapter.complete(step.prompt, **step.keywords)
        except TimeoutError as error:
            raise LLMTimeoutError("the model did not answer in time") from error

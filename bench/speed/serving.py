"""How long the event loop is held by many conversations at once, and what hooks cost."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from time import perf_counter, thread_time
from typing import NamedTuple

import numpy as np

from bench.speed.corpus import Language, TableEmbedder
from bench.speed.timing import Line, Times, against, alternate, milliseconds
from context_manager import AsyncContextManager, ContextManager
from context_manager.embedding.provider import EmbeddingProvider
from context_manager.monitoring import Monitor

CONVERSATIONS = 200
TICK = 0.001


def event_loop(turns: int) -> Iterator[Line]:
    """The longest the loop was held while 200 conversations ran, to one call of the model.

    What its own thread did in one hold is told apart from waiting for the interpreter, which other
    threads and whatever else the machine does keep busy. Then the same in a process that has set
    the collector of garbage as the documentation tells applications to.
    """
    plain = asyncio.run(_conversations(turns, lambda: None))
    longest, usual, late = (float(np.percentile(plain.delays, share)) for share in (100, 50, 99))
    what = "most that the loop's own thread did in one hold, to one model call"
    yield plain.against(what, max(plain.own_work), 1.0)
    what = "the same with collections of garbage, which come to any thread"
    yield plain.against(what, max(plain.own))
    what = f"longest hold of the event loop by {CONVERSATIONS} conversations, to one model call"
    yield plain.against(what, longest, 1.0)
    yield plain.against("its usual hold, to one model call", usual)
    yield plain.against("what one hold in a hundred is longer than, to one model call", late)
    rate, floor = plain.turns_per_second, 1 / (3 * plain.call)
    what = "turns of these conversations, to what three model calls for each allow"
    yield Line(what, f"{rate:.0f} turns/s", f"{floor:.0f} turns/s", rate / floor)
    with _collector_restored():
        settled = asyncio.run(_conversations(turns, _settle))
    what = "most that its own thread did, what was loaded frozen, to one model call"
    yield settled.against(what, max(settled.own))
    what = "its longest hold, what was loaded frozen, to one model call"
    yield settled.against(what, max(settled.delays))


class _Held(NamedTuple):
    """How long the loop was held each time, what its thread did meanwhile, and what of that was
    not collecting garbage; all in seconds."""

    delays: list[float]
    own: list[float]
    own_work: list[float]
    call: float
    turns_per_second: float

    def against(self, what: str, seconds: float, allowed: float | None = None) -> Line:
        """A line that compares with one call of the model."""
        held, call = milliseconds(seconds), milliseconds(self.call)
        return Line(what, held, call, seconds / self.call, allowed)


def _settle() -> None:
    """What docs/how/async.md tells applications to do once everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1000)


@contextmanager
def _collector_restored() -> Iterator[None]:
    before = gc.get_threshold()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _conversations(turns: int, settle: Callable[[], None]) -> _Held:
    holds: list[tuple[float, float, float]] = []
    language = Language()
    said = [
        [(language.question()[0], language.message(), language.message()) for _ in range(turns)]
        for _ in range(CONVERSATIONS)
    ]
    async with AsyncContextManager() as cm:
        await cm.build_context_async("warm up")
        call = await asyncio.to_thread(_one_call, cm.embedding_provider)
        settle()
        users = [cm.scoped(user_id=f"user-{number}") for number in range(CONVERSATIONS)]
        watching = asyncio.create_task(_watch(holds))
        began = perf_counter()
        await asyncio.gather(*map(_converse, users, said))
        lasted = perf_counter() - began
        watching.cancel()
    delays, own, own_work = (list(column) for column in zip(*holds, strict=True))
    return _Held(delays, own, own_work, call, CONVERSATIONS * turns / lasted)


async def _converse(cm: AsyncContextManager, said: list[tuple[str, str, str]]) -> None:
    for question, user_input, answer in said:
        await cm.build_context_async(question)
        await cm.observe_async(user_input, answer)


async def _watch(holds: list[tuple[float, float, float]]) -> None:
    """Note each hold: how long it was, what this thread did meanwhile, that without collections."""
    collecting = _Collecting()
    gc.callbacks.append(collecting)
    try:
        while True:
            began, worked, collected = perf_counter(), thread_time(), collecting.seconds
            await asyncio.sleep(TICK)
            own, walks = thread_time() - worked, collecting.seconds - collected
            holds.append((perf_counter() - began - TICK, own, own - walks))
    finally:
        gc.callbacks.remove(collecting)


class _Collecting:
    """Adds up what collections of garbage took of the thread that made this."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._thread = get_ident()
        self._began = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if get_ident() != self._thread:
            return
        if phase == "start":
            self._began = thread_time()
        else:
            self.seconds += thread_time() - self._began


def _one_call(provider: EmbeddingProvider) -> float:
    language = Language(9)
    (times,) = alternate([language.message() for _ in range(20)], provider.embed_single)
    return Times(times.seconds).p50


def hooks(rounds: int) -> Iterator[Line]:
    """Building with a monitor attached, to building without."""
    language = Language()
    managers = [ContextManager(), ContextManager(hooks=[Monitor()])]
    for cm in managers:
        cm.embedding_provider = TableEmbedder()
    for _ in range(500):
        pair = language.message(), language.message()
        for cm in managers:
            cm.observe(*pair)
    questions = [language.question()[0] for _ in range(rounds + 3)]
    bare, watched = alternate(questions, *(cm.build_context for cm in managers))
    yield against("`build_context` with a monitor, to one without", watched, bare, 1.02)

"""How long the event loop is held by many conversations at once, and what hooks cost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import perf_counter, thread_time

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
    threads and whatever else the machine does keep busy.
    """
    holds, call = asyncio.run(_conversations(turns))
    delays, own = zip(*holds, strict=True)
    longest, usual = max(delays), float(np.median(delays))
    what = "most that the loop's own thread did in one hold, to one model call"
    yield Line(what, milliseconds(max(own)), milliseconds(call), max(own) / call, 1.0)
    what = f"longest hold of the event loop by {CONVERSATIONS} conversations, to one model call"
    yield Line(what, milliseconds(longest), milliseconds(call), longest / call, 1.0)
    yield Line(
        "its usual hold, to one model call", milliseconds(usual), milliseconds(call), usual / call
    )


async def _conversations(turns: int) -> tuple[list[tuple[float, float]], float]:
    delays: list[tuple[float, float]] = []
    language = Language()
    said = [
        [(language.question()[0], language.message(), language.message()) for _ in range(turns)]
        for _ in range(CONVERSATIONS)
    ]
    async with AsyncContextManager() as cm:
        await cm.build_context_async("warm up")
        call = await asyncio.to_thread(_one_call, cm.embedding_provider)
        users = [cm.scoped(user_id=f"user-{number}") for number in range(CONVERSATIONS)]
        watching = asyncio.create_task(_watch(delays))
        await asyncio.gather(*map(_converse, users, said))
        watching.cancel()
    return delays, call


async def _converse(cm: AsyncContextManager, said: list[tuple[str, str, str]]) -> None:
    for question, user_input, answer in said:
        await cm.build_context_async(question)
        await cm.observe_async(user_input, answer)


async def _watch(delays: list[tuple[float, float]]) -> None:
    """Note each hold: how long it was, and what this thread did meanwhile, in seconds."""
    while True:
        began, worked = perf_counter(), thread_time()
        await asyncio.sleep(TICK)
        delays.append((perf_counter() - began - TICK, thread_time() - worked))


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

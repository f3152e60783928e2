"""Awaited calls: off the event loop, overrides honoured, nothing half done by a cancellation."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from contextvars import ContextVar

import pytest

from context_manager import AsyncContextManager, Config, ContextManager
from context_manager.config import EmbeddingConfig, MemoryConfig
from context_manager.errors import BudgetError, StoreError
from context_manager.llm.adapters import LLMAdapter
from context_manager.manager.threads import WORKERS, Threads
from support.cancelling import cancelled_at
from support.counting import Gate
from support.killing import PATIENCE


def quick(**memory: object) -> Config:
    return Config(embedding=EmbeddingConfig("hash"), memory=MemoryConfig(**memory))


def test_local_work_leaves_the_event_loop():
    seen = []

    class Watching(ContextManager):
        def observe(self, user_input, assistant_response):
            seen.append(threading.current_thread())
            return super().observe(user_input, assistant_response)

    async def talk():
        async with Watching(quick()) as cm:
            await cm.observe_async("hello", "hi")
            return threading.current_thread()

    loop_thread = asyncio.run(talk())
    assert seen
    assert seen[0] is not loop_thread


def test_overrides_of_plain_methods_are_asked():
    class Loud(AsyncContextManager):
        def build(self, user_input, **options):
            return super().build(user_input.upper(), **options)

        def observe(self, user_input, assistant_response):
            return super().observe(f"{user_input}!", assistant_response)

        def add_memory(self, text, metadata=None):
            return super().add_memory(f"{text}?", metadata)

        def query_memory(self, query, k=5):
            return [("mine", 1.0)]

    async def talk():
        async with Loud(quick()) as cm:
            turn = await cm.observe_async("hello", "hi")
            entry = cm.get(await cm.add_memory_async("note"))
            built = await cm.build_context_async("again")
            return turn.user_text, entry.text, built, await cm.query_memory_async("x")

    user, note, built, found = asyncio.run(talk())
    assert (user, note, found) == ("hello!", "note?", [("mine", 1.0)])
    assert built.endswith("AGAIN")


def test_errors_reach_whoever_awaits():
    async def ask():
        async with AsyncContextManager(quick()) as cm:
            await cm.build_context_async("long " * 20_000)

    with pytest.raises(BudgetError):
        asyncio.run(ask())


def test_context_variables_go_with_the_work():
    request: ContextVar[str] = ContextVar("request", default="none")
    seen = []

    async def ask(name):
        request.set(name)
        async with ContextManager(quick(), hooks=[lambda _: seen.append(request.get())]) as cm:
            await cm.build_context_async("hello")

    asyncio.run(ask("r-17"))
    assert seen == ["r-17"]


def test_two_hundred_conversations_at_once_each_get_their_own():
    async def converse(cm, number):
        await cm.observe_async(f"My locker is number {number}.", f"Locker {number}, noted.")
        await cm.observe_async("What is the capital of Peru?", "Lima.")
        return await cm.build_context_async("Which locker is mine?")

    async def all_of_them():
        async with AsyncContextManager(quick()) as cm:
            users = [cm.scoped(user_id=f"user-{number}") for number in range(200)]
            return await asyncio.gather(*map(converse, users, range(200)))

    for number, built in enumerate(asyncio.run(all_of_them())):
        assert f"My locker is number {number}." in built
        assert built.count("My locker is number") == 1


def test_turns_awaited_together_in_one_session_are_all_kept_in_one_order():
    async def talk():
        async with AsyncContextManager(quick()) as cm:
            turns = await asyncio.gather(
                *(cm.observe_async(f"Point {n}.", "Yes.") for n in range(100))
            )
            kept = cm.archive.store.turns(cm.scope)
            working = list(cm.short_term_memory.turns)
        return turns, kept, working

    turns, kept, working = asyncio.run(talk())
    assert sorted(turn.seq for turn in turns) == list(range(100))
    assert [turn.seq for turn in kept] == list(range(100))
    assert [turn.id for turn in working] == [turn.id for turn in kept]


CALLS = {
    "observe": lambda cm: cm.observe_async("The gate code is 7319.", "Noted."),
    "add": lambda cm: cm.add_memory_async("The gate code is 7319."),
    "build": lambda cm: cm.build_context_async("What is the gate code?"),
    "query": lambda cm: cm.query_memory_async("gate code"),
    "forget": lambda cm: cm.forget_async(everything=True),
    "close": lambda cm: cm.aclose(),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_cancelled_at_any_await_was_done_whole_or_not_at_all(name, tmp_path):
    async def run(place):
        file = tmp_path / f"{place}.db"
        cm = ContextManager.open(file, quick())
        await cm.observe_async("Before.", "Yes.")
        stranger = cm.scoped(user_id="stranger")
        cut = await cancelled_at(CALLS[name](cm), place)
        if name != "close":
            assert await stranger.query_memory_async("gate code") == []
            assert "7319" not in await stranger.build_context_async("What is the gate code?")
            await cm.build_context_async("And now?")
        await cm.aclose()
        return cut, in_file(file)

    whole = asyncio.run(run(0))[1]
    untouched = (["Before.", "Yes."], ["User: Before.\nAssistant: Yes."])
    place = 0
    while True:
        place += 1
        cut, left = asyncio.run(run(place))
        assert left in (whole, untouched)
        if not cut:
            break
    assert place > 1


def in_file(file):
    """The texts of all entries and turns in a file."""
    with ContextManager.open(file, quick()) as cm:
        entries = [entry.text for entry in cm.long_term_memory.entries]
        return entries, [turn.text for turn in cm.archive.store.turns(cm.scope)]


def test_work_that_has_not_begun_when_cancelled_never_begins():
    gate, done = Gate(), []

    async def talk():
        threads = Threads()
        blockers = [asyncio.create_task(threads.run(gate)) for _ in range(8)]
        waiting = asyncio.create_task(threads.run(done.append, "begun"))
        assert await asyncio.to_thread(gate.reached.wait, 120)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.open.set()
        await asyncio.gather(*blockers)
        threads.close()

    asyncio.run(talk())
    assert done == []


def test_work_that_has_begun_is_over_when_the_cancellation_goes_on():
    gate, done = Gate(), []

    def work():
        gate()
        done.append("finished")

    async def talk():
        threads = Threads()
        task = asyncio.create_task(threads.run(work))
        assert await asyncio.to_thread(gate.reached.wait, 120)
        task.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
            assert not task.done()
            task.cancel()  # impatience changes nothing
        gate.open.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == ["finished"]
        threads.close()

    asyncio.run(talk())


def test_one_loop_after_another_may_await_and_none_is_kept_that_is_closed():
    threads, loops = Threads(), []

    async def many():
        loops.append(weakref.ref(asyncio.get_running_loop()))
        return await asyncio.gather(*(threads.run(abs, -number) for number in range(3 * WORKERS)))

    for _ in range(3):
        assert asyncio.run(many()) == list(range(3 * WORKERS))
    end = time.monotonic() + PATIENCE
    while any(loop() for loop in loops[:2]) and time.monotonic() < end:
        gc.collect()  # a thread may still be leaving its last call
        time.sleep(0.01)
    assert [loop() for loop in loops[:2]] == [None, None]
    threads.close()


class GatedLLM(LLMAdapter):
    """Answers when the gate is opened."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def generate(self, prompt, **kwargs):
        return self.generate_sync(prompt, **kwargs)

    def generate_sync(self, prompt, **kwargs):
        self.gate()
        return "They spoke of lockers."


def test_no_call_waits_for_a_model_and_closing_waits_for_background_work(tmp_path):
    gate, file = Gate(), tmp_path / "memory.db"

    async def talk():
        cm = AsyncContextManager.open(file, quick(stm_capacity=60, chunk_size=40))
        cm.summarizer.llm_adapter = GatedLLM(gate)
        for number in range(12):
            await cm.observe_async(f"Locker {number} is taken.", "I wrote that down.")
        assert "Locker 3 is taken." in await cm.build_context_async("Who has locker 3?")
        assert await asyncio.to_thread(gate.reached.wait, 120)
        closing = asyncio.create_task(cm.aclose())
        await asyncio.sleep(0.01)
        assert not closing.done()
        gate.open.set()
        await closing
        await cm.aclose()

    asyncio.run(talk())
    assert "They spoke of lockers." in in_file(file)[0]


def test_a_closed_manager_says_so(tmp_path):
    async def talk():
        cm = AsyncContextManager.open(tmp_path / "memory.db", quick())
        await cm.aclose()
        await cm.observe_async("hello", "hi")

    with pytest.raises(StoreError):
        asyncio.run(talk())


def test_outside_of_any_event_loop_it_says_what_is_missing():
    with ContextManager(quick()) as cm, pytest.raises(RuntimeError, match="asyncio or trio"):
        cm.build_context_async("hello").send(None)

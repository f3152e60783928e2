"""Whatever becomes of the reader of a streamed answer, it is remembered and closed once."""

from __future__ import annotations

import asyncio

import pytest

from context_manager.service.sending import StreamedAnswer
from context_manager.service.wire import AskModel, Passed, Told
from context_manager.testing.llm import ScriptedLLM


class Pieces:
    """A provider's stream."""

    def __init__(self):
        self.closed = False

    async def __aiter__(self):
        yield b"data: [DONE]"

    async def aclose(self):
        """Note that it was closed."""
        self.closed = True


def passed(done):
    """An answer of a provider, all of which came."""

    def finish(complete):
        done.append(complete)
        return b""

    return Passed(Pieces(), lambda piece: True, finish, close=lambda: done.append("closed"))


def told(done):
    """An answer of a model, all of which came."""

    def finish(said, complete):
        done.append(complete)
        return b""

    ask = AskModel(ScriptedLLM(["All."]), "?", 9, 0.0)
    return Told(ask, b"head", str.encode, finish, close=lambda: done.append("closed"))


@pytest.mark.parametrize("answer", [passed, told])
def test_a_reader_who_leaves_while_the_end_waits_for_a_thread_loses_nothing(answer):
    done = []

    async def story():
        waiting, go = asyncio.Event(), asyncio.Event()

        async def run(work):
            waiting.set()
            await go.wait()
            return work()

        async def receive():
            await waiting.wait()
            asyncio.get_running_loop().call_later(0.05, go.set)
            return {"type": "http.disconnect"}

        async def send(message):
            """Take it."""

        scope = {"type": "http", "asgi": {"spec_version": "2.3"}, "method": "POST"}
        await StreamedAnswer(answer(done), run)(scope, receive, send)

    asyncio.run(asyncio.wait_for(story(), 60))
    assert done == [True, "closed"]

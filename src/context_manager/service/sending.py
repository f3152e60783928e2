"""Answers that are sent while they are made, on an event loop.

This file decides how each kind of them is driven to its end, and that whatever becomes of the
reader, what was said until then is remembered and what was opened is closed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from anyio import CancelScope
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from context_manager.service.wire import Passed, Stream, Told


class _ToldContent:
    """A model's answer, passed on while it comes.

    Args:
        told: What to do with it.
        run: Runs local work in a thread.
    """

    def __init__(self, told: Told, run: Callable[..., Any]) -> None:
        self._told = told
        self._run = run
        self._said: list[str] = []
        self._complete = False
        self._finished = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        ask = self._told.ask
        yield self._told.head
        try:
            async for text in ask.adapter.stream(
                ask.prompt, max_tokens=ask.max_tokens, temperature=ask.temperature
            ):
                self._said.append(text)
                yield self._told.piece(text)
            self._complete = True
        except Exception:  # noqa: BLE001, S110 - a driver may raise anything; `finish` is told
            pass
        yield await self.finish()

    async def close(self) -> None:
        """End it, wherever it stands."""
        await self.finish()

    async def finish(self) -> bytes:
        """Remember what was said; a second call does nothing."""
        if self._finished:
            return b""
        self._finished = True
        with CancelScope(shield=True):  # a reader who leaves while it waits for a thread
            last: bytes = await self._run(
                partial(self._told.finish, "".join(self._said), self._complete)
            )
        return last


class _PassedContent:
    """A provider's answer, passed on while it comes.

    Args:
        passed: What to do with it.
        run: Runs local work in a thread.
    """

    def __init__(self, passed: Passed, run: Callable[..., Any]) -> None:
        self._passed = passed
        self._run = run
        self._finished = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        complete = False
        with suppress(Exception):  # the connection may break in any way; `finish` is told
            async for piece in self._passed.pieces:
                if self._passed.take(piece):
                    await self.finish(complete=True)
                yield piece
            complete = True
        yield await self.finish(complete=complete)

    async def finish(self, *, complete: bool = False) -> bytes:
        """Remember what was said; a second call does nothing."""
        if self._finished:
            return b""
        self._finished = True
        with CancelScope(shield=True):  # a reader who leaves while it waits for a thread
            last: bytes = await self._run(partial(self._passed.finish, complete))
        return last

    async def close(self) -> None:
        """End it, wherever it stands."""
        await self.finish()
        await self._passed.pieces.aclose()


def _content(
    answer: Stream | Told | Passed, run: Callable[..., Any]
) -> _ToldContent | _PassedContent | None:
    if isinstance(answer, Told):
        return _ToldContent(answer, run)
    return _PassedContent(answer, run) if isinstance(answer, Passed) else None


class StreamedAnswer(StreamingResponse):
    """An answer that is sent while it is made, and closed whatever becomes of its reader.

    Args:
        answer: The answer.
        run: Runs local work in a thread.
    """

    def __init__(
        self,
        answer: Stream | Told | Passed,
        run: Callable[..., Any],
    ) -> None:
        content = _content(answer, run)
        media_type = answer.media_type if isinstance(answer, Stream) else "text/event-stream"
        body: Any = answer.content if isinstance(answer, Stream) else content
        headers = {**answer.headers, "Content-Type": media_type}
        super().__init__(body, 200, headers)
        self._answer = answer
        self._content = content
        self._run_in_thread = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                if self._content is not None:
                    await self._content.close()
                await self._run_in_thread(self._answer.close)

"""Streams that remember what was read of them, however reading ends.

This file decides when a streamed answer is over: read to the end, closed, left by an error, or
dropped by a reader who stopped. It knows no SDK; everything else of a stream is passed through.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self

from context_manager.integrations.exchange import Exchange


class _Passing:
    """What both kinds share: a stream's other attributes, and the end that nobody announced."""

    def __init__(self, stream: Any, exchange: Exchange) -> None:
        self._stream = stream
        self._exchange = exchange
        weakref.finalize(self, exchange.finish, complete=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class ObservedStream(_Passing):
    """A synchronous stream of events."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            event = next(self._stream)
        except StopIteration:
            self._exchange.finish()
            raise
        except Exception:
            self._exchange.finish(complete=False)
            raise
        self._exchange.take(event)
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the stream and remember what was read."""
        self._stream.close()
        self._exchange.finish(complete=False)


class ObservedAsyncStream(_Passing):
    """An asynchronous stream of events; observing runs in a thread."""

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            event = await anext(self._stream)
        except StopAsyncIteration:
            await asyncio.to_thread(self._exchange.finish)
            raise
        except Exception:
            await asyncio.to_thread(self._exchange.finish, complete=False)
            raise
        self._exchange.take(event)
        return event

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the stream and remember what was read."""
        await self._stream.close()
        await asyncio.to_thread(self._exchange.finish, complete=False)


class ObservedManager:
    """The ``with client.messages.stream(...)`` form: the SDK's own stream inside.

    Args:
        manager: The SDK's context manager.
        prepare: Puts memory into the request; called on entering.
        exchange: The call.
        read: What the stream holds so far, as text, and whether it came to its end.
    """

    def __init__(
        self,
        manager: Callable[[], Any],
        exchange: Exchange,
        read: Callable[[Any], tuple[str, bool]],
    ) -> None:
        self._manager = manager
        self._exchange = exchange
        self._read = read
        self._opened: Any = None
        self._stream: Any = None

    def __enter__(self) -> Any:
        self._opened = self._manager()
        self._stream = self._opened.__enter__()
        return self._stream

    def __exit__(self, *error: Any) -> Any:
        try:
            return self._opened.__exit__(*error)
        finally:
            self._finish()

    async def __aenter__(self) -> Any:
        self._opened = await asyncio.to_thread(self._manager)
        self._stream = await self._opened.__aenter__()
        return self._stream

    async def __aexit__(self, *error: Any) -> Any:
        try:
            return await self._opened.__aexit__(*error)
        finally:
            await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        text, complete = self._read(self._stream)
        self._exchange.finish(text, complete=complete)

"""Cancels a coroutine at its n-th await, for every n until it ends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any


class CancelledAt:
    """Awaits a coroutine and throws a cancellation into it where it waits for the n-th time."""

    def __init__(self, work: Coroutine[Any, Any, Any], place: int) -> None:
        self._work = work
        self._place = place
        self.cancelled = False

    def __await__(self) -> Generator[Any, Any, Any]:
        inner, waits = self._work.__await__(), 0
        step: Callable[[], Any] = lambda: next(inner)  # noqa: E731 - replaced below
        while True:
            try:
                waited_for = step()
            except StopIteration as stop:
                return stop.value
            waits += 1
            if waits == self._place:
                self.cancelled = True
                _release(waited_for)
                step = lambda: inner.throw(asyncio.CancelledError())  # noqa: E731
            else:
                yield waited_for
                step = lambda: inner.send(None)  # noqa: E731


def _release(waited_for: Any) -> None:
    """Do what a task does when it is cancelled: cancel the future it waits for."""
    if waited_for is not None:
        waited_for._asyncio_future_blocking = False
        waited_for.cancel()


async def cancelled_at(work: Coroutine[Any, Any, Any], place: int) -> bool:
    """Whether there was such a place; the work is over when this returns."""
    awaited = CancelledAt(work, place)
    try:
        await awaited
    except asyncio.CancelledError:
        assert awaited.cancelled
    return awaited.cancelled

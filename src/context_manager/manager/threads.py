"""A few threads in which local work is done for callers that await it.

Decides where such work runs and what a cancellation does: work that has not begun never begins;
work that has begun is let finish before the cancellation goes on. So whoever is cancelled knows
that nothing of theirs is running any more, and that it was done whole or not at all. Calls that
wait for a thread cost the event loop next to nothing. It knows no manager. It works under asyncio
(any event loop of it) and under trio.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from context_manager.embedding.processes import PerProcess
from context_manager.processors import processors

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = min(4, processors() + 1)
"""More would only wait for each other: the work is processor time of Python and one writer."""


class Threads:
    """Runs functions in threads of its own, made when first needed, anew in a forked child.

    The event loop's default threads are left to the application.

    Args:
        inside: Gives what each function is called inside of.
    """

    def __init__(self, inside: Callable[[], AbstractContextManager[object]] = nullcontext) -> None:
        self._inside = inside
        self._doors: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}
        self._lock = PerProcess(Lock)
        self._pools: dict[int, ThreadPoolExecutor] = {}

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a thread, with the caller's context variables.

        Raises:
            RuntimeError: Neither asyncio nor trio is running.
        """
        work = partial(copy_context().run, self._do, partial(function, *args, **kwargs))
        if _in_asyncio():
            async with self._door():
                return await _settled(self._pool().submit(work))
        trio = _running_trio()
        if trio is not None:
            return await trio.to_thread.run_sync(work)  # type: ignore[no-any-return]
        raise RuntimeError("no running event loop: await this under asyncio or trio")

    def close(self) -> None:
        """End the threads when they have done what they were given."""
        with self._lock():
            pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.shutdown(wait=False)

    def _do(self, work: Callable[[], T]) -> T:
        with self._inside():
            return work()

    def _door(self) -> asyncio.Semaphore:
        """Lets as many calls of the running loop to the threads as there are threads."""
        loop = asyncio.get_running_loop()
        door = self._doors.get(loop)
        if door is None:
            with self._lock():
                doors = self._doors.items()
                self._doors = {known: kept for known, kept in doors if not known.is_closed()}
                door = self._doors[loop] = asyncio.Semaphore(WORKERS)
        return door

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock():
            pool = self._pools.get(os.getpid())
            if pool is None:
                pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="context-manager")
                self._pools[os.getpid()] = pool
            return pool


def _in_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _running_trio() -> Any:
    """The trio package if it is running here; it is never imported for that."""
    trio = sys.modules.get("trio")
    try:
        return trio and trio.lowlevel.current_task() and trio
    except RuntimeError:
        return None


async def _settled(future: Future[T]) -> T:
    """The result; a cancellation first waits for work that has begun."""
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        await _ended(future)
        raise


async def _ended(future: Future[T]) -> None:
    """Wait until the work has ended or can no longer begin, however often that is cancelled."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    future.add_done_callback(lambda _: loop.call_soon_threadsafe(ended.set))
    while not ended.is_set():
        with suppress(asyncio.CancelledError):
            await ended.wait()

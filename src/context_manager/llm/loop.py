"""One event loop of our own, on a daemon thread, for clients whose connections live in a loop.

This file decides where a provider's client runs: always here, whether the caller awaits or not.
So one connection pool serves both, a wall-clock deadline holds for both, and a caller's own loop
may come and go. It knows no provider.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from context_manager.forks import ForkSafeLock

T = TypeVar("T")

GRACE = 5.0
"""Seconds that an interrupt waits at most for the work it cancels."""


class BackgroundLoop:
    """A loop that starts when first needed, and anew in a forked child."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work there and wait; an interrupt of the waiting thread cancels it.

        It is over when the interrupt goes on, so that what it worked on may be closed.
        """
        over = threading.Event()

        async def watched() -> T:
            try:
                return await work
            finally:
                over.set()

        future = self._submit(watched())
        try:
            return future.result()
        except BaseException:
            if future.cancel():
                over.wait(GRACE)
            raise

    async def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work there and await it; cancelling cancels it there."""
        return await asyncio.wrap_future(self._submit(work))

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._running())

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._pid != os.getpid():
                self._loop, self._pid = asyncio.new_event_loop(), os.getpid()
                threading.Thread(
                    target=self._loop.run_forever, name="context-manager-llm", daemon=True
                ).start()
            return self._loop


SHARED = BackgroundLoop()

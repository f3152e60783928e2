"""Which of the computations of a process go on at once; the others wait in line.

Decides how many do, and for how long one counts. The model keeps several processors busy by itself,
and the rest is Python, of which one thread runs at a time. More at once would end nothing sooner:
they would take the processors from each other, and from whoever holds the interpreter, for whom
everybody waits then, above all the event loop.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from context_manager.embedding.processes import PerProcess
from context_manager.processors import processors

AT_ONCE = max(1, processors() // 2)
"""Two processors do a call of the model nearly twice as fast as one; more help less and less."""

COUNTS_FOR = 0.05
"""Seconds for which a computation keeps others waiting. What takes longer may be waiting for
something itself, and must not stand in everybody's way."""


class Cores:
    """Lets so many compute at once, in the order in which they came.

    Args:
        at_once: How many.
        clock: Seconds that never go back.

    Example:
        >>> cores = Cores(1)
        >>> with cores.taken():
        ...     sum(range(10))
        45
    """

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._clock = clock
        self._lock = Lock()
        self._line: deque[Lock] = deque()
        self._since: dict[Lock, float] = {}  # who computes, and when that began

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait until it is one's turn; what is done inside counts as computing."""
        mine = Lock()
        mine.acquire()
        with self._lock:
            self._line.append(mine)
            self._let_in()
        while not mine.acquire(timeout=COUNTS_FOR):
            with self._lock:
                self._let_in()
        try:
            yield
        finally:
            with self._lock:
                del self._since[mine]
                self._let_in()

    def _let_in(self) -> None:
        now = self._clock()
        counted = sum(now - since < COUNTS_FOR for since in self._since.values())
        while self._line and counted < self._at_once:
            first = self._line.popleft()
            self._since[first] = now
            first.release()
            counted += 1


cores = PerProcess(lambda: Cores(AT_ONCE))
"""The line of this process."""

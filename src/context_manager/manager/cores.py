"""Which of the computations of a process go on at once; the others wait in line.

Decides how many do, and for how long one counts. The model keeps several processors busy by itself,
and the rest is Python, of which one thread runs at a time. More at once would take the processors
from each other, and from whoever holds the interpreter, for whom everybody waits then, above all
the event loop.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from context_manager.embedding.processes import PerProcess
from context_manager.processors import processors

WIDTH = 2
"""Processors that a computation is taken to use: with them a call of the model is nearly twice as
fast as with one; more help less and less."""

COUNTS_FOR = 0.05
"""Seconds for which a computation keeps others waiting. What takes longer may be waiting for
something itself, and must not stand in everybody's way."""


class Cores:
    """Lets no more compute at once than there are processors, in the order in which they came.

    Args:
        processors: How many there are; one computation goes on whatever it uses.
        clock: Seconds that never go back.

    Example:
        >>> cores = Cores(4)
        >>> with cores.taken(2):
        ...     sum(range(10))
        45
    """

    def __init__(self, processors: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._processors = processors
        self._clock = clock
        self._lock = Lock()
        self._line: deque[tuple[Lock, int]] = deque()
        self._busy: dict[Lock, tuple[float, int]] = {}  # who computes, since when, with how many

    @contextmanager
    def taken(self, width: int = WIDTH) -> Iterator[None]:
        """Wait until it is one's turn; what is done inside counts as computing.

        Args:
            width: Processors that it uses.
        """
        mine = Lock()
        mine.acquire()
        with self._lock:
            self._line.append((mine, width))
            self._let_in()
        while not mine.acquire(timeout=COUNTS_FOR):
            with self._lock:
                self._let_in()
        try:
            yield
        finally:
            with self._lock:
                del self._busy[mine]
                self._let_in()

    def _let_in(self) -> None:
        now = self._clock()
        used = sum(width for since, width in self._busy.values() if now - since < COUNTS_FOR)
        while self._line:
            first, width = self._line[0]
            if used and used + width > self._processors:
                return
            self._line.popleft()
            self._busy[first] = now, width
            first.release()
            used += width


cores = PerProcess(lambda: Cores(processors()))
"""The line of this process."""

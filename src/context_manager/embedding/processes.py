"""One value per process. Decides when a value is made; does not know what it is.

Threads do not survive a fork, so a session or a lock of the parent is dead in the child. The
child makes its own; the parent's is kept, unused, because taking it apart there could hang.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from context_manager.forks import NO_FORK

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Call it for the value; ``make`` runs at the first call in each process, and never twice.

    Example:
        >>> numbers = PerProcess(lambda: [1, 2])
        >>> numbers() is numbers()
        True
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}
        self._locks: dict[int, threading.Lock] = {}

    def __call__(self) -> T:
        """The value of this process."""
        process = os.getpid()
        if process not in self._made:
            # Making imports and loads; a child forked in the midst would wait for it for ever.
            with NO_FORK, self._locks.setdefault(process, threading.Lock()):
                if process not in self._made:
                    self._made[process] = self._make()
        return self._made[process]

"""Leaves a provider in peace that has failed too often.

This file decides when calls are refused without being made. It knows no provider; time enters as
a clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from context_manager.errors import LLMUnavailableError
from context_manager.forks import ForkSafeLock


class CircuitBreaker:
    """Refuses calls after consecutive failures; then lets one through from time to time.

    Args:
        threshold: Failures in a row that open the circuit.
        cooldown: Seconds until a single call may try again; a failure of it waits anew.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        threshold: int = 5,
        cooldown: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.threshold = threshold
        self.cooldown = cooldown
        self._clock = clock
        self._lock = ForkSafeLock()
        self._failures = 0
        self._closed_from = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now."""
        with self._lock:
            return self._waiting() > 0

    def check(self) -> None:
        """Let a call pass, or refuse it.

        Raises:
            LLMUnavailableError: The circuit is open.
        """
        with self._lock:
            wait = self._waiting()
            if wait > 0:
                raise LLMUnavailableError(
                    f"the model failed {self._failures} times in a row; next try in {wait:.0f} s"
                )
            if self._failures >= self.threshold:
                self._closed_from = self._clock() + self.cooldown  # others wait for this one

    def succeeded(self) -> None:
        """A call gave an answer: the circuit is closed."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """A call failed."""
        with self._lock:
            self._failures += 1
            self._closed_from = self._clock() + self.cooldown

    def _waiting(self) -> float:
        if self._failures < self.threshold:
            return 0.0
        return self._closed_from - self._clock()

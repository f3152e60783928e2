"""How many requests are taken: per credential and time, per credential at once, and in all.

This file decides when a request is too much. Rates are counted by the `limits` library, in this
process or, between replicas, in Redis; while Redis cannot be reached they are counted here, so
that losing it makes limits looser and never stops the service.
"""

from __future__ import annotations

import importlib.util
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Any

from context_manager.errors import ConfigError, MissingExtraError
from context_manager.llm.breaker import CircuitBreaker
from context_manager.service.refusals import overloaded, too_fast

_log = logging.getLogger("context_manager.service")

REDIS_TIMEOUT_SECONDS = 0.2
REDIS_PAUSE_SECONDS = 5.0
"""How long Redis is left alone after it failed, so that few requests wait for it in vain."""


class Throttle:
    """Counts requests.

    Args:
        rate: Requests of one credential, as "600/minute"; "" for no limit.
        concurrency: Requests of one credential at once.
        total: Requests at once in this process.
        redis_url: Where replicas share their counts; "" for this process alone.

    Raises:
        ConfigError: The rate cannot be read.
        MissingExtraError: A library is not installed.
    """

    def __init__(self, rate: str, concurrency: int, total: int, redis_url: str = "") -> None:
        self._rates = _Rates(rate, redis_url) if rate else None
        self._concurrency = concurrency
        self._total = total
        self._running: Counter[str] = Counter()
        self._lock = Lock()

    def count(self, who: str) -> None:
        """Count a request.

        Raises:
            Refused: The credential made too many in the last while.
        """
        wait = None if self._rates is None else self._rates.hit(who)
        if wait is not None:
            raise too_fast(f"This credential may go on in {wait} s.", wait)

    def enter(self, who: str) -> Callable[[], None]:
        """Begin a request.

        Returns:
            To be called when it has ended; a second call does nothing.

        Raises:
            Refused: Too many are running.
        """
        with self._lock:
            if self._running.total() >= self._total:
                raise overloaded()
            if self._running[who] >= self._concurrency:
                raise too_fast("Too many requests of this credential at once.", 1)
            self._running[who] += 1
        return _once(lambda: self._leave(who))

    @property
    def running(self) -> int:
        """Requests that have begun and not ended."""
        with self._lock:
            return self._running.total()

    def _leave(self, who: str) -> None:
        with self._lock:
            self._running[who] -= 1
            if not self._running[who]:
                del self._running[who]


class _Rates:
    """The rate of each credential, in a sliding window."""

    def __init__(self, rate: str, redis_url: str) -> None:
        try:
            import limits
        except ImportError as error:
            raise MissingExtraError("server", "limits") from error
        try:
            self._rate = limits.parse(rate)
        except ValueError as error:
            raise ConfigError(f"a rate reads like 600/minute, got {rate!r}") from error
        self._broken = limits.errors.StorageError
        window = limits.strategies.SlidingWindowCounterRateLimiter
        self._local: Any = window(limits.storage.MemoryStorage())
        self._shared: Any = window(_redis(limits, redis_url)) if redis_url else None
        self._breaker = CircuitBreaker(1, REDIS_PAUSE_SECONDS)

    def hit(self, who: str) -> int | None:
        """Count a request; seconds to wait if it is too many."""
        if self._shared is not None and not self._breaker.is_open:
            try:
                wait = self._hit(self._shared, who)
            except self._broken as error:
                self._breaker.failed()
                _log.warning("rates are counted here: %s", type(error.__cause__).__name__)
            else:
                self._breaker.succeeded()
                return wait
        return self._hit(self._local, who)

    def _hit(self, limiter: Any, who: str) -> int | None:
        if limiter.hit(self._rate, who):
            return None
        reset: float = limiter.get_window_stats(self._rate, who).reset_time
        return max(1, math.ceil(reset - time.time()))


def _redis(limits: Any, url: str) -> Any:
    """Where replicas share their counts; nothing is asked of it yet."""
    try:
        return limits.storage.storage_from_string(
            url,
            wrap_exceptions=True,
            key_prefix="context-manager:rates",
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )
    except limits.errors.ConfigurationError as error:
        if importlib.util.find_spec("redis") is None:
            raise MissingExtraError("redis", "redis") from error
        raise ConfigError(f"rates can be shared in Redis only: {error}") from error


def _once(act: Callable[[], None]) -> Callable[[], None]:
    left = [act]

    def end() -> None:
        if left:
            left.pop()()

    return end

"""When a model is asked again. Decides which errors may pass and how long to wait; asks nobody."""

from __future__ import annotations

import random
from dataclasses import dataclass

from context_manager.errors import (
    ConfigError,
    LLMError,
    LLMRateLimitError,
    LLMTimeoutError,
    LLMUnavailableError,
    MissingExtraError,
)

_MAY_PASS = (LLMTimeoutError, LLMRateLimitError, LLMUnavailableError)
_WILL_NOT_PASS = (LLMError, ConfigError, MissingExtraError)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and after which wait a call that failed is tried again.

    Args:
        attempts: Calls in all.
        first: Longest wait before the second call, seconds; each further one may be twice as long.
        longest: Longest wait of all.
    """

    attempts: int = 3
    first: float = 0.5
    longest: float = 8.0

    def wait(self, attempt: int, chance: random.Random) -> float | None:
        """Seconds to wait after the n-th call (from 1) failed; None to give up.

        The wait is drawn evenly from zero to its bound, so that many who failed together do not
        come back together.
        """
        if attempt >= self.attempts:
            return None
        return chance.uniform(0, min(self.longest, self.first * 2.0 ** (attempt - 1)))


def may_pass(error: Exception) -> bool:
    """Whether trying again makes sense; what is no error of ours may be anything."""
    return isinstance(error, _MAY_PASS) or not isinstance(error, _WILL_NOT_PASS)

"""What adaptation turns and within which bounds, and what it goes by. Decides nothing else.

These are records; which way to turn is a policy's business, doing it is `adaptation`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Knobs:
    """The settings that are turned: ``recent_k``, ``ltm_hits_k``, ``prompt_token_budget``."""

    recent_k: int
    ltm_hits_k: int
    prompt_token_budget: int


@dataclass(frozen=True, slots=True)
class Bound:
    """Least and greatest value of a setting.

    A value that the user put outside stays there until it is moved inwards: a bound neither pulls
    it in nor lets it go further out.
    """

    low: int
    high: int

    def moved(self, value: int, by: int) -> int:
        """The value after a move, as far as the bound permits."""
        if by < 0:
            return max(min(self.low, value), value + by)
        return min(max(self.high, value), value + by)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the settings that are turned."""

    recent_k: Bound
    ltm_hits_k: Bound
    prompt_token_budget: Bound

    @classmethod
    def around(cls, knobs: Knobs) -> Limits:
        """From a little context up to what the user set: the budget is never raised above it."""
        return cls(
            recent_k=Bound(min(1, knobs.recent_k), max(10, knobs.recent_k)),
            ltm_hits_k=Bound(min(1, knobs.ltm_hits_k), max(20, knobs.ltm_hits_k)),
            prompt_token_budget=Bound(knobs.prompt_token_budget // 4, knobs.prompt_token_budget),
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """One finished build.

    Args:
        at: When it began, seconds since 1970.
        seconds: How long it took.
        tokens, budget: Tokens of the prompt, and how many it might have had.
        chars: Characters of the prompt.
    """

    at: float
    seconds: float
    tokens: int
    budget: int
    chars: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a policy goes by, taken after each build.

    Args:
        at: The present, seconds since 1970.
        since: Seconds since the last decision.
        samples: The latest builds, oldest first.
        fresh: How many of them came after the last change.
        errors: Builds that failed since a decision last cleared them; inputs that exceed the
            budget are not counted, since a smaller budget would refuse more of them.
    """

    at: float
    since: float
    samples: Sequence[Sample]
    fresh: int
    errors: int

    def latest(self, count: int) -> Sequence[Sample]:
        """The last builds, at most so many."""
        return self.samples[-count:] if count > 0 else ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy decided.

    Args:
        knobs: The settings from now on; the present ones to leave them.
        reason: Why, with the figures it rests on; never any content.
        clears_errors: Start counting errors anew.
        at: When; filled in where the decision is carried out.
        before: The settings until then; likewise.
    """

    knobs: Knobs
    reason: str
    clears_errors: bool = False
    at: float = field(default=0.0, compare=False)
    before: Knobs | None = field(default=None, compare=False)


class Policy(Protocol):
    """Decides which way to turn; called after every build, so it should be quick.

    It may keep a state of its own, and serves one manager only.
    """

    def __call__(self, reading: Reading, knobs: Knobs) -> Decision | None:
        """The decision, or None to wait for more."""
        ...


def mean_seconds(samples: Sequence[Sample]) -> float:
    """Mean duration of builds; 0 for none."""
    return fmean(sample.seconds for sample in samples) if samples else 0.0


def mean_tokens(samples: Sequence[Sample]) -> float:
    """Mean tokens of prompts; 0 for none."""
    return fmean(sample.tokens for sample in samples) if samples else 0.0

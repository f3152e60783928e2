"""A policy that holds targets: how long a build takes, and how many tokens a prompt costs.

Decides one number, the *level*, from which all settings follow between their bounds: at half of
all levels they are what the user set. Too slow or too dear lowers the level in proportion; room to
spare raises it by one. Four things keep it from swinging: it judges only builds since its last
change, it acts only where so many of them agree that chance is no explanation (a sign test), it
raises only where the next level is expected to hold the targets as well, and a level that was
tried and failed is left alone for a while, twice as long each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import fmean, median

from context_manager.adaptive.knobs import (
    Bound,
    Decision,
    Knobs,
    Limits,
    Reading,
    Sample,
)
from context_manager.errors import ConfigError

LONGEST_PATIENCE = 256
"""Windows for which a level that keeps failing is left alone at most."""


CERTAINTY = 3.0
"""Standard deviations by which a vote of builds must differ from a toss of coins."""


class TargetPolicy:
    """Holds a latency target, a token-cost target, or both.

    Args:
        latency: Seconds that a usual (median) build may take; None for any.
        tokens: Tokens that a usual prompt may cost; None for any.
        limits: Bounds of the settings; see `Limits.around` for the default.
        window: Builds after a change before the next decision, at least 10: fewer prove nothing.
        band: How far from a target nothing is done, as a share of it, in (0, 0.5).
        levels: Steps between the lowest and the highest settings, even.
        patience: Windows for which a level that failed is left alone, at first.

    Raises:
        ConfigError: No target, or a value out of range.
    """

    def __init__(
        self,
        latency: float | None = None,
        tokens: int | None = None,
        *,
        limits: Limits | None = None,
        window: int = 20,
        band: float = 0.1,
        levels: int = 16,
        patience: int = 4,
    ) -> None:
        _check(latency, tokens, window, band, levels, patience)
        self.latency = latency
        self.tokens = tokens
        self._limits = limits
        self._window = window
        self._band = band
        self._levels = levels
        self._patience = _Patience(patience)
        self._scale: tuple[Knobs, ...] = ()
        self._level = levels // 2

    @property
    def level(self) -> int:
        """From 0, the lowest settings, to ``levels``, the highest."""
        return self._level

    def __call__(self, reading: Reading, knobs: Knobs) -> Decision | None:
        """The decision, or None while there are too few builds since the last change."""
        if not self._scale or knobs != self._scale[self._level]:
            self._begin_at(knobs)
        if not reading.fresh or reading.fresh % self._window:
            return None
        strains = [self._strain(sample) for sample in reading.latest(reading.fresh)]
        before, self._level = self._level, self._next_level(strains)
        doing = "held" if before == self._level else f"level {before} to {self._level}"
        reason = f"at {median(strains[-self._window :]):.2f} of the target: {doing}"
        return Decision(self._scale[self._level], reason)

    def _begin_at(self, knobs: Knobs) -> None:
        """Take settings that the user made for the middle of the scale."""
        limits = self._limits or Limits.around(knobs)
        self._level = self._levels // 2
        self._scale = tuple(
            Knobs(
                _between(limits.recent_k, knobs.recent_k, share),
                _between(limits.ltm_hits_k, knobs.ltm_hits_k, share),
                _between(limits.prompt_token_budget, knobs.prompt_token_budget, share),
            )
            for share in (level / self._levels for level in range(self._levels + 1))
        )
        self._patience.forget()

    def _strain(self, sample: Sample) -> float:
        """The worse of a build's measures, each as a share of its target."""
        seconds = 0.0 if self.latency is None else sample.seconds / self.latency
        tokens = 0.0 if self.tokens is None else sample.tokens / self.tokens
        return max(seconds, tokens)

    def _next_level(self, strains: Sequence[float]) -> int:
        level = self._level
        self._patience.pass_window()
        for seen in (strains[-self._window :], strains):  # what is sudden, what is slight
            if _most(strain > 1 + self._band for strain in seen):
                self._patience.fail(level)
                return max(0, min(level - 1, round(level / median(seen))))
        self._patience.hold(level)
        higher = min(level + 1, self._levels)
        growth = _growth(self._scale[level], self._scale[higher])
        room = _most(strain * growth < 1 - self._band for strain in strains)
        return higher if room and self._patience.permits(higher) else level


class _Patience:
    """Remembers the level that failed last, and for how long it is left alone."""

    def __init__(self, windows: int) -> None:
        self._first = self._windows = windows
        self._failed: int | None = None
        self._left = 0

    def forget(self) -> None:
        self._failed, self._windows = None, self._first

    def pass_window(self) -> None:
        self._left -= 1

    def fail(self, level: int) -> None:
        again = level == self._failed
        self._windows = min(2 * self._windows, LONGEST_PATIENCE) if again else self._first
        self._failed, self._left = level, self._windows

    def hold(self, level: int) -> None:
        if self._failed is not None and level >= self._failed:
            self.forget()

    def permits(self, level: int) -> bool:
        return self._failed is None or level < self._failed or self._left <= 0


def _most(votes: Iterable[bool]) -> bool:
    """Whether more than half say yes, by so much that it is no chance."""
    given = list(votes)
    return sum(given) > len(given) / 2 + CERTAINTY * sqrt(len(given)) / 2


def _between(bound: Bound, start: int, share: float) -> int:
    """From the low bound over the user's value in the middle to the high bound."""
    low, high = min(bound.low, start), max(bound.high, start)
    if share <= 0.5:
        return round(low + (start - low) * 2 * share)
    return round(start + (high - start) * (2 * share - 1))


def _growth(now: Knobs, then: Knobs) -> float:
    """How much more of everything the next level is expected to take."""
    if then.prompt_token_budget != now.prompt_token_budget:
        return then.prompt_token_budget / max(1, now.prompt_token_budget)
    counts = ((now.recent_k, then.recent_k), (now.ltm_hits_k, then.ltm_hits_k))
    return fmean(b / max(1, a) for a, b in counts)


def _check(
    latency: float | None, tokens: int | None, window: int, band: float, levels: int, patience: int
) -> None:
    given = [target for target in (latency, tokens) if target is not None]
    if not given or min(given) <= 0:
        raise ConfigError("a TargetPolicy needs latency=seconds or tokens=number, above 0")
    if window < 10 or levels < 2 or levels % 2 or patience < 1 or not 0 < band < 0.5:
        raise ConfigError(
            "window must be at least 10, levels even and at least 2, patience at least 1, and band "
            f"in (0, 0.5); got {window}, {levels}, {patience}, {band}"
        )

"""Times two things turn by turn, so that whatever else the machine does meets both alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan
from time import perf_counter
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Times:
    """Durations in seconds of one thing, done many times."""

    seconds: Sequence[float]

    @property
    def p50(self) -> float:
        """Median seconds."""
        return float(np.percentile(self.seconds, 50))

    @property
    def p99(self) -> float:
        """99th percentile in seconds."""
        return float(np.percentile(self.seconds, 99))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table.

    Args:
        what: What was measured, at what size.
        measured, floor: The figures, in words.
        ratio: Measured by floor; NaN where there is none.
        allowed: Highest ratio (or lowest, with `at_least`) that is good enough; None for none.
        at_least: The ratio should be at least ``allowed``.
    """

    what: str
    measured: str
    floor: str
    ratio: float
    allowed: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the ratio is good enough."""
        if self.allowed is None:
            return True
        return self.ratio >= self.allowed if self.at_least else self.ratio <= self.allowed

    def cells(self) -> list[str]:
        """As cells of a table."""
        sign = "≥" if self.at_least else "≤"
        allowed = "" if self.allowed is None else f"{sign} {self.allowed:g}"
        verdict = "" if self.allowed is None else "yes" if self.met else "**no**"
        ratio = "" if isnan(self.ratio) else f"{self.ratio:.2f}"
        return [self.what, self.measured, self.floor, ratio, allowed, verdict]


def alternate(
    items: Iterable[Item], *functions: Callable[[Item], object], warm: int = 3
) -> list[Times]:
    """Call each function with each item, one after the other; the first few are not counted."""
    seconds: list[list[float]] = [[] for _ in functions]
    for number, item in enumerate(items):
        for at, function in enumerate(functions):
            began = perf_counter()
            function(item)
            if number >= warm:
                seconds[at].append(perf_counter() - began)
    return [Times(found) for found in seconds]


def against(what: str, measured: Times, floor: Times, allowed: float | None = None) -> Line:
    """A line that compares medians."""
    return Line(
        what, milliseconds(measured.p50), milliseconds(floor.p50), measured.p50 / floor.p50, allowed
    )


def milliseconds(seconds: float) -> str:
    """Seconds in words."""
    return f"{seconds * 1000:.3g} ms"

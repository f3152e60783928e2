"""A clock that stands still until it is told to move."""

from __future__ import annotations


class ManualClock:
    """Call it for the time; move it with `advance` or `set`.

    Args:
        now: Where it starts, seconds since 1970.

    Example:
        >>> clock = ManualClock(100.0)
        >>> clock.advance(5)
        >>> clock()
        105.0
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move by so many seconds; a negative number turns it back."""
        self.now += seconds

    def set(self, now: float) -> None:
        """Move to this time."""
        self.now = now

    def sleep(self, seconds: float) -> None:
        """Stand in for `time.sleep`: move at once, and note it in `slept`."""
        self.slept.append(seconds)
        self.now += seconds

"""Named points between the durable steps of a write, where a test may end the process.

This file decides how a point is chosen; it knows nothing of what happens between the points.
Every write calls its probe with the name of the statement about to run, with "commit" before and
"committed" after the commit. Ordinary stores have a probe that does nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

Probe = Callable[[str], None]

VARIABLE = "CM_CRASH_AT"


def silent(point: str) -> None:
    """The probe that does nothing."""


def probe_from(environment: Mapping[str, str]) -> Probe:
    """The probe that CM_CRASH_AT asks for: ``point`` or ``point:n`` kills at its n-th passing."""
    name, _, count = environment.get(VARIABLE, "").partition(":")
    return crash_at(name, int(count or 1)) if name else silent


def crash_at(name: str, count: int = 1) -> Probe:
    """A probe that kills this process, without any clean-up, when it passes ``name``."""
    left = count

    def probe(point: str) -> None:
        nonlocal left
        if point == name:
            left -= 1
            if left == 0:
                _die()

    return probe


def _die() -> None:
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)

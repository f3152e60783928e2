"""Fixtures of the tests that kill, starve and damage: a seed to repeat a run by, and a voice."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import pytest

Say = Callable[[str], None]


@pytest.fixture
def say() -> Say:
    """Tell a figure: shown when the test fails, and always with ``pytest -rP`` or ``-s``."""

    def tell(line: str) -> None:
        sys.stdout.write(f"{line}\n")

    return tell


@pytest.fixture
def seed(say: Say) -> int:
    """The seed of this test's chances; it follows from ``--randomly-seed`` and is told."""
    chosen = random.randrange(2**32)
    say(f"seed {chosen}")
    return chosen

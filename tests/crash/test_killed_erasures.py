"""A killed erasure is done or not begun, and what is left of it is finished by the next opening."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent.parent
SCRIPT = TESTS / "support" / "killed_erasures.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the kills are made by forking")


def killed(directory: Path, *what: str) -> dict[str, Any]:
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(directory), *what],
        env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(directory)},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("what", ["some", "everything"])
def test_a_kill_at_any_step_leaves_all_or_nothing(tmp_path: Path, what: str) -> None:
    """Before the commit everything is still there; from it on no reader and no file shows it."""
    found = killed(tmp_path, what)
    steps = list(found)
    assert {"commit", "committed", "checkpoint", "scrubbed"} <= set(steps)
    commit = steps.index("committed")
    for place, (step, state) in enumerate(found.items()):
        done = place >= commit
        expected = {
            "died": True,
            "readers": not done,
            "files": not done,
            "kept": True,
            "whole": True,
        }
        assert state == expected, step


@pytest.mark.soak
def test_200_random_kills_bring_nothing_back(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    found = killed(tmp_path, "random", "200", str(seed))
    print(found, "seed", seed)  # noqa: T201 - shown by `make soak`
    assert (found["kills"], found["wrong"]) == (200, 0), f"seed {seed}"
    assert found["after"] > 0, f"no erasure was ever finished, seed {seed}"

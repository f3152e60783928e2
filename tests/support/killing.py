"""Functions run in processes of their own, which may be killed at any moment.

Children are forked from a server without threads, so one costs milliseconds and inherits no lock.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from typing import Any

KILLED = -signal.SIGKILL
PATIENCE = 120.0
"""Seconds after which a child that does not end fails the test; never part of a claim."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["context_manager.store.memory", "context_manager.store.sqlite",
     "context_manager.testing.store_contract"]
)  # fmt: skip


def started(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """A running child."""
    child = _context.Process(target=target, args=arguments)
    child.start()
    return child


def ended(child: ForkServerProcess) -> int:
    """The exit code of a child, 0 or the negative number of the signal that killed it."""
    child.join(PATIENCE)
    code = child.exitcode
    if code is None:
        child.kill()
        child.join()
        raise AssertionError(f"the child did not end within {PATIENCE} s")
    child.close()
    return code


def outcome(target: Callable[..., None], *arguments: Any) -> int:
    """Run the function in a child and return its exit code."""
    return ended(started(target, *arguments))

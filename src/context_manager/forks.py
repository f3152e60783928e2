"""Locks that a fork waits for, so that no child inherits one which nobody is left to release.

This file decides when a process may fork: while no other thread is inside anything such a lock
protects, or inside `NO_FORK`. So the child finds every lock free and everything whole. It knows
nothing of what is protected. Work that may take long (a model, the network) must not be done while
holding one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakSet

PATIENCE = 10.0
"""Seconds that a fork waits for other threads at most; locks still held then are new in the child,
and what they protect may be as a crash would have left it."""


class ForkSafeLock:
    """A re-entrant lock for ``with``; a fork waits until other threads have released it.

    Example:
        >>> lock = ForkSafeLock()
        >>> with lock, lock:
        ...     pass
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        _gate.enter()
        try:
            self._lock.acquire()
        except BaseException:  # interrupted while waiting
            _gate.leave()
            raise

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        _gate.leave()

    def renew(self) -> None:
        """Be free again in a child whose parent's thread held it."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = threading.RLock()


class _NoFork:
    """For ``with``, by any number of threads at once: a fork waits until they are through."""

    __slots__ = ()

    def __enter__(self) -> None:
        _gate.enter()

    def __exit__(self, *_: object) -> None:
        _gate.leave()


NO_FORK = _NoFork()


@dataclass(frozen=True, slots=True)
class AtFork:
    """What is to be done at each fork, while no other thread holds a `ForkSafeLock`."""

    before: Callable[[], None]
    in_parent: Callable[[], None]
    in_child: Callable[[], None]


def at_fork(actions: AtFork) -> None:
    """Do this at every fork from now on."""
    _actions.append(actions)


class _Gate:
    """Who is inside; shut while a thread forks. A thread inside may always go further in."""

    def __init__(self) -> None:
        self._depths: dict[int, int] = {}  # of each thread inside, by its identity
        self._forker = 0
        self._forking = threading.Lock()
        self._open = threading.Event()

    def enter(self) -> None:
        me = threading.get_ident()
        depth = self._depths.get(me, 0)
        self._depths[me] = depth + 1  # first said, then looked: the forker does it the other way
        while not depth and self._forker not in (0, me):
            del self._depths[me]
            self._open.wait()
            self._depths[me] = 1

    def leave(self) -> None:
        me = threading.get_ident()
        depth = self._depths.pop(me) - 1
        if depth:
            self._depths[me] = depth

    def shut(self) -> None:
        """Let nobody in, and wait until no other thread is inside, or patience ends."""
        self._forking.acquire()
        self._open.clear()
        self._forker = threading.get_ident()
        end = time.monotonic() + PATIENCE
        while self._others() and time.monotonic() < end:
            time.sleep(0.001)

    def open(self) -> None:
        self._forker = 0
        self._open.set()
        self._forking.release()

    def renew(self) -> bool:
        """Be open in the child; whether a thread was inside that is not here any more."""
        left = self._others()
        mine = self._depths.get(self._forker, 0)
        self._depths = {self._forker: mine} if mine else {}
        self._forker = 0
        self._forking = threading.Lock()
        self._open = threading.Event()
        return left

    def _others(self) -> bool:
        return any(thread != self._forker for thread in list(self._depths))


_locks: WeakSet[ForkSafeLock] = WeakSet()
_actions: list[AtFork] = []
_gate = _Gate()


def _before() -> None:
    _gate.shut()
    for actions in _actions:
        actions.before()


def _in_parent() -> None:
    for actions in _actions:
        actions.in_parent()
    _gate.open()


def _in_child() -> None:
    if _gate.renew():
        for lock in _locks:
            lock.renew()
    for actions in _actions:
        actions.in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)

"""Turns at the processors: so many at once, first come first served, and nobody in the way."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest

from context_manager.manager.background import Background
from context_manager.manager.cores import COUNTS_FOR, Cores
from context_manager.testing.clock import ManualClock
from support.counting import Gate
from support.killing import PATIENCE


class AskedClock(ManualClock):
    """Knows which threads have asked it: whoever comes to the line does."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self._asked: set[threading.Thread] = set()
        self._changed = threading.Condition()

    def __call__(self) -> float:
        with self._changed:
            self._asked.add(threading.current_thread())
            self._changed.notify_all()
        return super().__call__()

    def wait_for(self, thread: threading.Thread) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: thread in self._asked, PATIENCE)


class Computing:
    """A thread that computes until it is told to end; when made, it is in line or through."""

    def __init__(
        self, cores: Cores, clock: AskedClock, name: str, done: list[str], width: int = 2
    ) -> None:
        self.gate = Gate()
        self._width = width
        self._cores, self._name, self._done = cores, name, done
        self._thread = threading.Thread(target=self._compute, daemon=True)
        self._thread.start()
        clock.wait_for(self._thread)

    def _compute(self) -> None:
        with self._cores.taken(self._width):
            self.gate()
            self._done.append(self._name)

    @property
    def begun(self) -> bool:
        return self.gate.reached.is_set()

    def end(self) -> None:
        self.gate.open.set()
        self._thread.join(PATIENCE)


def test_no_more_compute_at_once_than_may_and_the_first_in_line_is_next():
    clock, done = AskedClock(), []
    cores = Cores(5, clock)
    threads = [Computing(cores, clock, name, done) for name in "abcde"]
    for number, thread in enumerate(threads):
        assert thread.gate.reached.wait(PATIENCE)
        assert not any(later.begun for later in threads[number + 2 :])
        thread.end()
    assert done == [*"abcde"]


def test_what_uses_one_processor_leaves_the_others():
    clock, done = AskedClock(), []
    cores = Cores(2, clock)
    narrow = [Computing(cores, clock, name, done, width=1) for name in "ab"]
    for thread in narrow:
        assert thread.gate.reached.wait(PATIENCE)
    wide = Computing(cores, clock, "c", done)
    narrow[0].end()
    assert not wide.begun
    narrow[1].end()
    wide.end()
    assert done == [*"abc"]


def test_what_takes_long_stands_in_nobodys_way():
    clock, done = AskedClock(), []
    cores = Cores(1, clock)
    long, short = (Computing(cores, clock, name, done) for name in ("long", "short"))
    assert long.gate.reached.wait(PATIENCE)
    assert not short.begun
    clock.advance(COUNTS_FOR)
    assert short.gate.reached.wait(PATIENCE)
    short.end()
    long.end()
    assert done == ["short", "long"]


def test_an_error_lets_the_next_one_in():
    clock, done = AskedClock(), []
    cores = Cores(1, clock)
    with pytest.raises(ValueError, match="broken"), cores.taken(2):
        raise ValueError("broken")
    Computing(cores, clock, "next", done).end()
    assert done == ["next"]


def test_background_work_takes_its_turn_unless_somebody_waits_for_it():
    entered = []

    @contextmanager
    def turn():
        entered.append("in")
        yield
        entered.append("out")

    background, gate = Background(inside=turn), Gate()
    background.submit("first", gate)
    assert gate.reached.wait(PATIENCE)
    assert entered == ["in"]
    gate.open.set()
    assert background.drain(PATIENCE)
    assert entered == ["in", "out"]
    background.submit("hurried", lambda: entered.append("hurried"), after=1000.0)
    assert background.drain(PATIENCE)
    assert entered == ["in", "out", "hurried"]

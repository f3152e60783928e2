"""Background work: each job once, in order, and none that holds or breaks the process's end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from context_manager.errors import StoreError
from context_manager.manager.background import Background
from context_manager.testing.clock import ManualClock
from support.killing import PATIENCE


def test_jobs_run_in_order_and_a_name_waits_only_once():
    background, done, gate = Background(), [], threading.Event()
    background.submit("first", lambda: gate.wait(PATIENCE))
    for number in range(3):
        background.submit("second", lambda number=number: done.append(number))
    background.submit("third", lambda: done.append("last"))
    gate.set()
    assert background.drain(PATIENCE)
    assert done == [0, "last"]


def test_a_job_may_ask_for_itself_again():
    background, left = Background(), [3, 2, 1]

    def again() -> None:
        if left.pop() and left:
            background.submit("again", again)

    background.submit("again", again)
    assert background.drain(PATIENCE)
    assert left == []


def test_a_job_may_wait_for_more_of_its_kind_while_others_run():
    clock, done = ManualClock(0.0), []
    background = Background(clock)
    background.submit("gathers", lambda: done.append("gathered"), after=1000.0)
    ran = threading.Event()
    background.submit("at once", lambda: (done.append("at once"), ran.set()))
    assert ran.wait(PATIENCE)
    assert done == ["at once"]
    assert background.drain(PATIENCE), "whoever waits for the work does not wait for the gathering"
    assert done == ["at once", "gathered"]


def test_a_gathering_job_runs_when_its_time_has_come():
    clock, ran = ManualClock(0.0), threading.Event()
    background = Background(clock)
    background.submit("gathers", ran.set, after=1000.0)
    clock.advance(1000.0)
    background.submit("gathers", lambda: None)
    assert ran.wait(PATIENCE)


def test_stopping_does_not_wait_for_a_gathering_job():
    background, done = Background(ManualClock(0.0)), []
    background.submit("gathers", lambda: done.append(1), after=1000.0)
    background.stop(PATIENCE)
    assert done == []


def test_an_error_of_ours_is_logged_by_its_type_and_stops_nothing(caplog):
    caplog.set_level("INFO")
    background, done = Background(), []

    def fail() -> None:
        raise StoreError("a text that must not reach the log")

    background.submit("fails", fail)
    background.submit("works", lambda: done.append(1))
    assert background.drain(PATIENCE)
    assert done == [1]
    assert "StoreError" in caplog.text
    assert "must not reach" not in caplog.text


def test_an_error_of_any_other_kind_is_logged_by_its_type_too_and_stops_nothing(caplog):
    background, done = Background(), []

    def fail() -> None:
        raise ZeroDivisionError("a text that must not reach the log")

    background.submit(("fails", "whose it is"), fail)
    background.submit("works", lambda: done.append(1))
    assert background.drain(PATIENCE)
    assert done == [1]
    assert "ZeroDivisionError" in caplog.text
    assert "must not reach" not in caplog.text
    assert "whose it is" not in caplog.text


def test_stopping_lets_the_running_job_finish_and_takes_no_more():
    background, done = Background(), []
    started, gate = threading.Event(), threading.Event()

    def run() -> None:
        started.set()
        gate.wait(PATIENCE)
        done.append("running")

    background.submit("running", run)
    background.submit("waiting", lambda: done.append("waiting"))
    assert started.wait(PATIENCE)
    background.stop(0.01)  # it takes no more from here on, and waits in vain
    threading.Timer(0.05, gate.set).start()
    background.stop(PATIENCE)
    background.submit("late", lambda: done.append("late"))
    assert background.drain(PATIENCE)
    assert done == ["running"]


def test_a_process_may_end_at_once_while_texts_are_being_embedded():
    code = """
from context_manager import ContextManager
cm = ContextManager()
cm.observe("The weights come next.", "Go on.")
cm.build_context("Which weights?")
for number in range(60):
    cm.observe(f"Sample {number} weighs {number * 3} grams.", "Recorded.")
"""
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_waits_for_no_job_of_its_parent():
    background, gate = Background(), threading.Event()
    started = threading.Event()
    background.submit("runs", lambda: (started.set(), gate.wait(2 * PATIENCE)))
    background.submit("waits", lambda: None)
    assert started.wait(PATIENCE)
    child = os.fork()
    if not child:
        done: list[int] = []
        idle = background.drain(PATIENCE)
        background.submit("own", lambda: done.append(1))
        os._exit(0 if idle and background.drain(PATIENCE) and done else 1)
    _, status = os.waitpid(child, 0)
    gate.set()
    assert background.drain(PATIENCE)
    assert status == 0

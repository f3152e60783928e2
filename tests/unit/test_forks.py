"""A process may fork whatever its threads are doing: no child hangs or finds half a change."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from context_manager.forks import ForkSafeLock

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def _run(script: str, *arguments: str) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


WAITING = """
import os, threading, time
from context_manager.forks import NO_FORK, ForkSafeLock

lock, inside, said = ForkSafeLock(), threading.Barrier(3), []

def change(held, name):
    with held:
        said.append(name)
        inside.wait()
        time.sleep(0.2)  # the fork is asked for in the meantime
        with held:
            said.append(name)

threads = [threading.Thread(target=change, args=pair) for pair in ((lock, 1), (NO_FORK, 2))]
for thread in threads:
    thread.start()
inside.wait()
child = os.fork()
if child == 0:
    with lock, NO_FORK:
        os._exit(0 if sorted(said) == [1, 1, 2, 2] else 1)
for thread in threads:
    thread.join()
raise SystemExit(os.waitpid(child, 0)[1])
"""


def test_a_fork_waits_until_what_was_begun_is_whole() -> None:
    _run(WAITING)


def test_who_holds_a_lock_may_fork() -> None:
    _run(
        "import os\n"
        "from context_manager.forks import ForkSafeLock\n"
        "lock = ForkSafeLock()\n"
        "with lock:\n"
        "    child = os.fork()\n"
        "    with lock:\n"
        "        pass\n"
        "if child == 0:\n"
        "    with lock:\n"
        "        os._exit(0)\n"
        "with lock:\n"
        "    raise SystemExit(os.waitpid(child, 0)[1])\n"
    )


def test_a_lock_whose_holder_is_gone_is_new() -> None:
    """What a child does with the locks of a thread that was not through when patience ended."""
    lock = ForkSafeLock()
    taken, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            leave.wait()
            lock.renew()  # its own: stays as it is

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    held = lock._lock
    leave.set()
    holder.join()
    assert lock._lock is held
    thread = threading.Thread(target=held.acquire)
    thread.start()
    thread.join()
    lock.renew()
    with lock:
        pass


MANAGER = """
import os, signal, sys, threading
from context_manager import Config, ContextManager
from context_manager.testing.embedders import HashEmbedder

path = sys.argv[1]
cm = ContextManager.open(path) if path else ContextManager()
cm.embedding_provider = HashEmbedder()
ended = threading.Event()

def talk(name):
    mine = cm.scoped(session_id=name)
    while not ended.is_set():
        mine.observe(f"{name} likes tea", "I see")
        mine.build_context("Who likes tea?")

threads = [threading.Thread(target=talk, args=(f"s{number}",), daemon=True) for number in range(2)]
for thread in threads:
    thread.start()
for number in range(12):
    ended.wait(0.01 * (number % 4))
    child = os.fork()
    if child == 0:
        signal.alarm(100)  # ends a child that hangs
        for name in ("s0", "s1", f"child{number}"):
            mine = cm.scoped(session_id=name)
            mine.observe("The kettle is violet", "Noted")
            assert "violet" in mine.build_context("What colour is the kettle?")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
ended.set()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("name", ["", "memory.db"], ids=["in memory", "in a file"])
def test_children_forked_while_threads_observe_and_build_go_on(tmp_path: Path, name: str) -> None:
    _run(MANAGER, str(tmp_path / name) if name else "")

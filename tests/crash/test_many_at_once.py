"""Threads, processes and forks share one file; no write is lost and nobody waits for ever."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from context_manager.records import Scope
from context_manager.store.protocol import Change, EntryFilter
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import MODEL, exchange, note
from support.killing import PATIENCE, ended, started
from support.workload import HOME

HERE = HOME.partition


def _scope(worker: int) -> Scope:
    return replace(HOME, session_id=f"s{worker % 4}")


def _observe(store: SQLiteStore, worker: int, count: int) -> None:
    for number in range(count):
        name = f"{worker}/{number}"
        store.apply(HERE, Change(turns=(exchange(name, name, "ok", scope=_scope(worker)),)))


def _check_all_there(store: SQLiteStore, workers: int, count: int) -> None:
    """Every turn of every worker, in its session, in the order it was said, without a gap."""
    found = 0
    for session in range(4):
        turns = store.turns(_scope(session))
        assert [turn.seq for turn in turns] == list(range(len(turns)))
        for worker in range(session, workers, 4):
            mine = [turn.id for turn in turns if turn.id.startswith(f"{worker}/")]
            assert mine == [f"{worker}/{number}" for number in range(count)]
        found += len(turns)
    assert found == workers * count
    assert store.verify().damages == ()


def _in_threads(workers: int, work: Callable[[int], None]) -> list[BaseException]:
    errors: list[BaseException] = []

    def guarded(worker: int) -> None:
        try:
            work(worker)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("count", [25, pytest.param(500, marks=pytest.mark.soak)])
def test_sixteen_threads_on_one_store(tmp_path: Path, count: int) -> None:
    store = SQLiteStore(tmp_path / "memory.db", durability="normal")
    assert _in_threads(16, lambda worker: _observe(store, worker, count)) == []
    _check_all_there(store, 16, count)
    store.close()


def _observe_in_process(path: str, worker: int, count: int) -> None:
    store = SQLiteStore(path, durability="normal", busy_timeout=PATIENCE)
    _observe(store, worker, count)
    store.close()


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.soak)])
def test_four_processes_on_one_file(tmp_path: Path, count: int) -> None:
    path = str(tmp_path / "memory.db")
    children = [started(_observe_in_process, path, worker, count) for worker in range(4)]
    assert [ended(child) for child in children] == [0, 0, 0, 0]
    store = SQLiteStore(path)
    _check_all_there(store, 4, count)
    store.close()


def test_many_stores_may_make_one_file_at_the_same_time(tmp_path: Path) -> None:
    """Eight threads and four processes open a file that does not exist yet."""
    path = tmp_path / "memory.db"

    def work(worker: int) -> None:
        store = SQLiteStore(path, busy_timeout=PATIENCE)
        store.apply(HERE, Change(entries=(note(f"n{worker}"),)))
        store.close()

    children = [started(_observe_in_process, str(path), worker, 1) for worker in range(4)]
    assert _in_threads(8, work) == []
    assert [ended(child) for child in children] == [0, 0, 0, 0]
    store = SQLiteStore(path)
    assert len(store.find(HERE, EntryFilter(kinds=("note",)))) == 8
    _check_all_there(store, 4, 1)
    store.close()


def test_readers_see_whole_changes_while_others_write(tmp_path: Path) -> None:
    """Each change adds two entries; no reader ever sees an odd number or rows of two states."""
    store = SQLiteStore(tmp_path / "memory.db", durability="normal")

    def work(worker: int) -> None:
        if worker < 4:
            _observe(store, worker, 30)
            return
        for _ in range(60):
            rows = store.rows(HERE, MODEL)
            assert len(rows.entries) == len(rows.passages) == 2 * rows.version.change

    assert _in_threads(8, work) == []
    store.close()


def test_a_backup_of_a_store_that_is_being_written_is_whole(tmp_path: Path) -> None:
    """It verifies, and holds every turn acknowledged before it began."""
    store = SQLiteStore(tmp_path / "memory.db", durability="normal")
    _observe(store, 0, 50)
    before = {turn.id for turn in store.turns(_scope(0))}
    sizes: list[int] = []

    def work(worker: int) -> None:
        if worker < 3:
            _observe(store, worker + 1, 60)
        else:
            sizes.append(store.backup(tmp_path / f"copy{len(sizes)}.db"))

    assert _in_threads(4, work) == []
    copy = SQLiteStore(tmp_path / "copy0.db")
    assert sizes[0] > 0
    assert copy.verify().damages == ()
    assert before <= {turn.id for turn in copy.turns(_scope(0))}
    assert copy.secret() == store.secret()
    for each in (copy, store):
        each.close()


FORKING = """
import os, sys, threading
from context_manager.records import Scope
from context_manager.store.protocol import Change
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import exchange

path, held = sys.argv[1], Scope("acme", "ann", "helper", "monday")
store = SQLiteStore(path, durability="normal", busy_timeout=100)
def say(name, count):
    for number in range(count):
        scope = Scope("acme", "ann", "helper", name)
        turn = exchange(f"{name}/{number}", "x", scope=scope)
        store.apply(scope.partition, Change(turns=(turn,)))
        assert store.turns(scope, last=1)[0].id == f"{name}/{number}"

say("before", 5)
busy = threading.Thread(target=say, args=("thread", 60))
busy.start()
children = []
for child in range(3):
    pid = os.fork()
    if pid == 0:
        fds = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
               if os.path.exists(f"/proc/self/fd/{fd}")] if os.path.isdir("/proc/self/fd") else []
        assert not [name for name in fds if name.startswith(path)], "a file came along"
        say(f"child{child}", 30)
        store.close()
        os._exit(0)
    children.append(pid)
say("parent", 30)
busy.join()
store.close()
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
again = SQLiteStore(path)
counts = {name: len(again.turns(Scope("acme", "ann", "helper", name))) for name in
          ("before", "thread", "parent", "child0", "child1", "child2")}
assert list(counts.values()) == [5, 60, 30, 30, 30, 30], counts
assert again.verify().damages == ()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_shares_no_file_and_loses_no_write(tmp_path: Path) -> None:
    """Open, fork three times while a thread writes; parent, thread and children all go on."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING]
    done = subprocess.run(
        [*command, str(tmp_path / "memory.db")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


CLOSING = """
import os, sys
from context_manager.store.sqlite import SQLiteStore
from context_manager.store.protocol import Change, EntryFilter
from context_manager.testing.store_contract import note, HERE

path = sys.argv[1]
store = SQLiteStore(path, durability="normal")
store.apply(HERE, Change(entries=(note("parent"),)))
told, tell = os.pipe()
pid = os.fork()
if pid == 0:
    store.apply(HERE, Change(entries=(note("child 1"),)))
    os.write(tell, b"x")
    while os.path.exists(path + ".wait"):
        pass
    store.apply(HERE, Change(entries=(note("child 2"),)))
    store.close()
    os._exit(0)
os.read(told, 1)
store.close()                       # the parent's last connection goes while the child works
third = SQLiteStore(path)           # a third party opens, checkpoints and closes
third.apply(HERE, Change(entries=(note("third"),)))
third.scrub()
third.close()
os.unlink(path + ".wait")
assert os.waitpid(pid, 0)[1] == 0
store = SQLiteStore(path)
assert [entry.id for _, entry in store.find(HERE, EntryFilter())] == [
    "parent", "child 1", "third", "child 2"]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_keeps_its_locks_when_its_parent_closes(tmp_path: Path) -> None:
    """The locks are the child's own: the parent's closing takes no log away from under it."""
    path = tmp_path / "memory.db"
    Path(f"{path}.wait").touch()
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", CLOSING, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr

"""Whichever step fails, the change happened whole or not at all, and the store goes on."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from context_manager.errors import StoreError, StoreFullError
from context_manager.store.protocol import Change
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import note
from support.killing import outcome
from support.workload import HOME, SERIES, picture, pictures

STATES = pictures()
HERE = HOME.partition


class FailingProbe:
    """Raises the error at the n-th step, once."""

    def __init__(self, error: type[BaseException], step: int) -> None:
        self.error = error
        self.left = step

    def __call__(self, point: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.error(f"injected before {point}")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (apsw.IOError, StoreError),
        (apsw.FullError, StoreFullError),
        (KeyboardInterrupt, KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("number", range(len(SERIES)))
def test_the_nth_step_of_a_change_fails(
    tmp_path: Path, number: int, error: type[BaseException], expected: type[BaseException]
) -> None:
    """For n = 1, 2, ... until the change goes through: state before, or after; then it succeeds."""
    path = tmp_path / "memory.db"
    for step in range(1, 1000):
        path.unlink(missing_ok=True)
        store = SQLiteStore(path, durability="normal")
        for change in SERIES[:number]:
            store.apply(HERE, change)
        store._probe = probe = FailingProbe(error, step)
        raised = _error_of(store, SERIES[number])
        assert type(raised) is (expected if probe.left <= 0 else type(None))
        found = picture(store)
        assert found in STATES[number : number + 2], f"step {step}"
        if found == STATES[number]:
            store.apply(HERE, SERIES[number])
        assert picture(store) == STATES[number + 1]
        store.close()
        if raised is None:
            break
    assert step > 5


def _error_of(store: SQLiteStore, change: Change) -> BaseException | None:
    try:
        store.apply(HERE, change)
    except (StoreError, KeyboardInterrupt) as error:
        return error
    return None


@pytest.mark.parametrize("step", range(1, 7))
def test_a_failed_scrub_is_done_at_the_next_opening(tmp_path: Path, step: int) -> None:
    path = tmp_path / "memory.db"
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=(note("n", "canary-55e1" * 9), note("m"))))
    store.apply(HERE, Change(remove_entries=("n",)))
    store._probe = FailingProbe(apsw.IOError, step)
    failed = False
    try:
        store.scrub()
    except StoreError:
        failed = True
    store.close()
    assert failed == (step <= 5)
    SQLiteStore(path).close()
    assert b"canary-55e1" not in path.read_bytes()


def test_an_error_of_the_disk_names_the_file(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "memory.db")
    store._probe = FailingProbe(apsw.IOError, 3)
    with pytest.raises(StoreError, match=r"memory\.db.*injected"):
        store.apply(HERE, Change(entries=(note("n"),)))
    store.close()


# --- no space ------------------------------------------------------------------------------------


def test_a_full_store_refuses_keeps_reading_and_goes_on_when_there_is_space(tmp_path: Path) -> None:
    """Twenty times: fill to the brim, be refused, read, forget half, write again."""
    store = SQLiteStore(tmp_path / "memory.db", durability="normal", max_bytes=400_000)
    kept: list[str] = []
    for turn in range(20):
        write = partial(_write_large, store)
        added = _fill(write, f"turn {turn}, ")
        assert len(added) < 1000, "the store took more than it may"
        with pytest.raises(StoreFullError, match=r"memory\.db"):
            write("refused")
        kept += added
        assert [entry.id for entry in store.entries(HERE, kept)] == kept
        assert store.entries(HERE, ["refused"]) == []
        half = len(kept) // 2
        store.apply(HERE, Change(remove_entries=tuple(kept[:half])))
        kept = [*kept[half:], f"first of turn {turn}"]
        write(kept[-1])
    assert store.verify().damages == ()
    store.close()


def _write_until_refused(path: str, limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = SQLiteStore(path, durability="normal")
    for number in range(10):
        store.apply(HERE, Change(entries=(note(f"n{number}", "text " * 1000),)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    acknowledged = _fill(partial(_write_large, store), "m")
    assert len(store.entries(HERE, acknowledged)) == len(acknowledged) < 1000
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store.apply(HERE, Change(entries=(note("after"),)))
    store.close()
    again = SQLiteStore(path)
    assert len(again.entries(HERE, [*acknowledged, "after"])) == len(acknowledged) + 1
    assert again.verify().damages == ()
    again.close()


def _write_large(store: SQLiteStore, name: str) -> None:
    store.apply(HERE, Change(entries=(note(name, name.ljust(6000, ".")),)))


def _fill(write: Callable[[str], None], prefix: str) -> list[str]:
    """Write until it is refused; the names of what was acknowledged."""
    done: list[str] = []
    try:
        for number in range(1000):
            write(f"{prefix}{number}")
            done.append(f"{prefix}{number}")
    except StoreError:
        pass
    return done


@pytest.mark.parametrize("limit", [200_000, 1_000_000])
def test_the_system_may_refuse_to_write(tmp_path: Path, limit: int) -> None:
    """A real limit of the system in the middle of a commit: refused whole, then it goes on."""
    assert outcome(_write_until_refused, str(tmp_path / "memory.db"), limit) == 0

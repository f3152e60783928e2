"""A process killed between any two durable steps leaves a state before or after each change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from context_manager.store.probe import VARIABLE, crash_at
from context_manager.store.sqlite import SQLiteStore
from support.killing import KILLED, outcome
from support.workload import CANARY, SERIES, note_down, picture, pictures, run

STATES = pictures()


def _points(folder: Path) -> list[str]:
    """Every point that the series passes, in order, the making of the file included."""
    passed: list[str] = []
    store = SQLiteStore(folder / "reference.db", durability="normal", probe=passed.append)
    run(store, lambda number: None)
    store.close()
    return passed


def _run_and_die(path: str, durability: str, point: str, count: int) -> None:
    probe = crash_at(point, count)
    acknowledge = note_down(Path(path + ".acks"))
    store = SQLiteStore(path, durability=durability, probe=probe)  # type: ignore[arg-type]
    run(store, acknowledge)


def _check_after(path: Path, where: str) -> None:
    """The state is that after the last acknowledged change or after one more, and stays so."""
    acks = Path(f"{path}.acks")
    acknowledged = acks.stat().st_size if acks.exists() else 0
    store = SQLiteStore(path)
    found = picture(store)
    legal = STATES[acknowledged : acknowledged + 2]
    assert found in legal, (
        f"killed at {where} after {acknowledged} changes: neither before nor after"
    )
    assert store.verify().damages == (), where
    done = acknowledged + legal.index(found)
    store.close()
    if not any(CANARY in repr(entries) for entries in found):
        assert CANARY.encode() not in path.read_bytes(), f"killed at {where}: erased bytes remain"
    again = SQLiteStore(path)
    assert picture(again) == found, f"killed at {where}: a second recovery changed something"
    run(again, lambda number: None, first=done)
    assert picture(again) == STATES[-1], f"killed at {where}: going on did not end alike"
    again.close()


def _kill_at_each(folder: Path, durability: str, passings: list[tuple[str, int]]) -> None:
    for number, (point, count) in enumerate(passings):
        path = folder / f"{number}.db"
        code = outcome(_run_and_die, str(path), durability, point, count)
        assert code == KILLED, f"{point} was not passed {count} times"
        _check_after(path, f"{point}:{count}")


def _passings(points: list[str]) -> list[tuple[str, int]]:
    """Each point with the number of its passing."""
    return [(point, points[: place + 1].count(point)) for place, point in enumerate(points)]


def test_every_named_point_can_be_the_last(tmp_path: Path) -> None:
    """A real process is killed with SIGKILL at the last passing of each point of the series."""
    last = dict(_passings(_points(tmp_path)))
    assert {"begin", "commit", "committed", "checkpoint", "gaps", "scrubbed"} <= last.keys()
    assert {"migrate_1", "migrate_1_commit", "migrate_1_committed"} <= last.keys()
    _kill_at_each(tmp_path, "full", list(last.items()))


@pytest.mark.soak
@pytest.mark.parametrize("durability", ["full", "normal"])
def test_every_passing_of_every_point_can_be_the_last(tmp_path: Path, durability: str) -> None:
    _kill_at_each(tmp_path, durability, _passings(_points(tmp_path)))


def test_the_series_takes_every_step_of_a_change(tmp_path: Path) -> None:
    """No statement that writes is left out of the kill points."""
    from context_manager.store.sqlite.queries import QUERIES

    writing = {
        name
        for name, sql in QUERIES.items()
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and name != "insert_secret"
    }
    assert writing - set(_points(tmp_path)) == set()


def _run_with_environment(path: str, value: str) -> None:
    os.environ[VARIABLE] = value
    run(SQLiteStore(path), note_down(Path(path + ".acks")))


def test_the_environment_can_name_the_point(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    assert outcome(_run_with_environment, str(path), "commit:3") == KILLED
    assert Path(f"{path}.acks").stat().st_size == 2
    _check_after(path, "commit:3")


def test_the_series_changes_something_every_time() -> None:
    assert len(STATES) == len(SERIES) + 1
    assert all(STATES[n] != STATES[n + 1] for n in range(len(SERIES)))

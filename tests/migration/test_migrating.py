"""Old stores open in new versions; a step that was interrupted is done again whole."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from context_manager.errors import StoreError
from context_manager.store.probe import crash_at, silent
from context_manager.store.protocol import Change, EntryFilter
from context_manager.store.sqlite import SQLiteStore, schema
from context_manager.store.sqlite.queries import load_steps
from context_manager.testing.store_contract import HERE, note
from support.killing import KILLED, outcome

NOW = load_steps()
LATEST = NOW[-1][0]
LATER = [
    *NOW,
    (
        LATEST + 1,
        "ALTER TABLE entries ADD COLUMN mood TEXT; UPDATE entries SET mood = 'calm';"
        "CREATE INDEX entries_by_mood ON entries (partition, mood);",
    ),
    (LATEST + 2, "CREATE TABLE moods (name TEXT); INSERT INTO moods SELECT mood FROM entries;"),
]
POINTS = [
    f"migrate_{number}{phase}"
    for number in (LATEST + 1, LATEST + 2)
    for phase in ("", "_commit", "_committed")
]


def _old_store(path: Path) -> None:
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=tuple(note(f"n{number}") for number in range(20))))
    store.close()


def _migrate(path: str, point: str | None) -> None:
    connection = apsw.Connection(path)
    probe = crash_at(point) if point else silent
    schema.prepare(connection, path, probe, LATER)
    connection.close()


def _shape(path: Path) -> tuple[int, int, int]:
    connection = apsw.Connection(str(path))
    moods = next(connection.execute("SELECT count(*) FROM moods"))[0]
    calm = next(connection.execute("SELECT count(*) FROM entries WHERE mood = 'calm'"))[0]
    version = schema.user_version(connection)
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
    return version, moods, calm


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_migration_resumes(tmp_path: Path, point: str) -> None:
    """Killed before, within and after each step, and once more at the same place: it ends alike."""
    path = tmp_path / "memory.db"
    _old_store(path)
    assert outcome(_migrate, str(path), point) == KILLED
    again = outcome(_migrate, str(path), point)
    assert again == (0 if point.endswith("_committed") else KILLED)
    _migrate(str(path), None)
    assert _shape(path) == (LATEST + 2, 20, 20)


def test_the_old_store_is_kept_beside_the_new(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    _old_store(path)
    _migrate(str(path), None)
    kept = SQLiteStore(Path(f"{path}.schema-{LATEST}"))
    assert len(kept.find(HERE, EntryFilter())) == 20
    assert kept.verify().damages == ()
    kept.close()


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    _old_store(path)
    connection = apsw.Connection(str(path))
    broken = [*NOW, (LATEST + 1, "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1);")]
    with pytest.raises(apsw.SQLError, match="nowhere"):
        schema.prepare(connection, str(path), silent, broken)
    assert schema.user_version(connection) == LATEST
    assert not connection.table_exists("main", "half")
    connection.close()
    SQLiteStore(path).close()


def test_processes_that_migrate_at_once_do_each_step_once(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    _old_store(path)
    connections = [apsw.Connection(str(path)) for _ in range(2)]
    connections[1].set_busy_timeout(1000)

    def other_comes_first(point: str) -> None:
        if point == f"migrate_{LATEST + 1}":
            schema.prepare(connections[1], str(path), silent, LATER)

    schema.prepare(connections[0], str(path), other_comes_first, LATER)
    for connection in connections:
        connection.close()
    assert _shape(path) == (LATEST + 2, 20, 20)


def test_a_store_that_another_makes_just_now_is_taken_for_no_other_application(
    tmp_path: Path,
) -> None:
    path = tmp_path / "memory.db"
    connection, other = apsw.Connection(str(path)), apsw.Connection(str(path))
    connection.set_busy_timeout(10_000)
    other.set_busy_timeout(10_000)
    making = threading.Thread(target=schema.prepare, args=(other, str(path), silent))

    def between(_: apsw.Cursor, sql: str, __: object) -> bool:
        if "sqlite_schema" in sql and not making.ident:
            making.start()
            making.join(0.5)  # it ends now, or waits until the look at the file is over
        return True

    connection.exec_trace = between
    schema.prepare(connection, str(path), silent)
    making.join()
    assert schema.user_version(connection) == LATEST
    for each in (connection, other):
        each.close()


def test_steps_are_numbered_from_one_without_a_gap() -> None:
    assert [number for number, _ in NOW] == list(range(1, len(NOW) + 1))


@pytest.mark.parametrize("number", range(1, LATEST))
def test_every_older_schema_opens(tmp_path: Path, number: int) -> None:
    """A file of each earlier schema comes up to date when it is opened."""
    path = tmp_path / "memory.db"
    connection = apsw.Connection(str(path))
    schema.prepare(connection, str(path), silent, NOW[:number])
    connection.close()
    with pytest.raises(StoreError, match="open it once for writing"):
        SQLiteStore(path, read_only=True)
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=(note("n"),)))
    assert store.verify().damages == ()
    store.close()

"""Who waits for whom: writers for writers, up to the timeout; readers for nobody."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from context_manager.errors import StoreBusyError, StoreError
from context_manager.store.protocol import Change, EntryFilter
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import HERE, note


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one entry, closed."""
    store = SQLiteStore(tmp_path / "memory.db")
    store.apply(HERE, Change(entries=(note("n"),)))
    store.close()
    return tmp_path / "memory.db"


def _holding(path: Path) -> apsw.Connection:
    """A connection as another process has it, in the middle of a write."""
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE; UPDATE counters SET value = value")
    return other


def test_a_writer_gives_up_after_the_timeout_and_names_the_file(path: Path) -> None:
    store = SQLiteStore(path, busy_timeout=0.05)
    other = _holding(path)
    with pytest.raises(StoreBusyError, match=r"memory\.db is held by another process"):
        store.apply(HERE, Change(entries=(note("m"),)))
    assert [entry.id for _, entry in store.find(HERE, EntryFilter())] == ["n"]
    other.execute("ROLLBACK")
    store.apply(HERE, Change(entries=(note("m"),)))
    for each in (store, other):
        each.close()


def test_a_store_opens_while_another_process_writes(path: Path) -> None:
    other = _holding(path)
    store = SQLiteStore(path, busy_timeout=0.05)
    assert store.entries(HERE, ["n"])
    for each in (store, other):
        each.close()


def test_a_reader_sees_the_state_before_an_unfinished_change(path: Path) -> None:
    store = SQLiteStore(path)
    before = store.version(HERE)
    seen = []

    def look(point: str) -> None:
        if point == "commit":
            seen.append((store.version(HERE), store.entries(HERE, ["n", "m"])))

    writing = SQLiteStore(path, probe=look)
    writing.apply(HERE, Change(entries=(note("m"),)))
    assert [(version, len(entries)) for version, entries in seen] == [(before, 1)]
    assert len(store.entries(HERE, ["n", "m"])) == 2
    for each in (store, writing):
        each.close()


def test_a_change_that_finds_nothing_writes_nothing(path: Path) -> None:
    """Not even the name of a user nobody knows."""
    store = SQLiteStore(path)
    stranger = HERE._replace(user_id="stranger-4711")
    store.apply(stranger, Change(remove_entries=("n",), erase=True))
    store.close()
    assert b"stranger-4711" not in path.read_bytes()


def test_a_closed_store_says_so(path: Path) -> None:
    store = SQLiteStore(path)
    store.close()
    for use in (store.scrub, store.verify, store.repair):
        with pytest.raises(StoreError, match=r"memory\.db is closed"):
            use()

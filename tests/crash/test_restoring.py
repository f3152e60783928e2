"""A backup takes a store's place while others come and go: what they were told is kept is kept."""

from __future__ import annotations

from pathlib import Path

from context_manager import Config, ContextManager
from context_manager.errors import StoreBusyError
from context_manager.manager.recovering import restore
from context_manager.store.protocol import Change, EntryFilter
from context_manager.store.sqlite import SQLiteStore
from context_manager.store.sqlite.alone import alone
from context_manager.testing.store_contract import HERE, note
from support.killing import PATIENCE, ended, started

ROUNDS = 25


def come_and_go(path: str, name: str, acknowledged: str) -> None:
    """Open the store, write one entry, close it; again and again."""
    with Path(acknowledged).open("w") as told:
        for number in range(ROUNDS):
            store = SQLiteStore(path, busy_timeout=PATIENCE)
            store.apply(HERE, Change(entries=(note(f"{name}{number}"),)))
            store.close()
            told.write(f"{name}{number}\n")


def opened(path: Path) -> ContextManager:
    return ContextManager(Config(), store=SQLiteStore(path))


def held(path: Path) -> set[str]:
    """What a whole store holds."""
    store = SQLiteStore(path)
    assert store.verify().damages == ()
    found = {entry.id for _, entry in store.find(HERE, EntryFilter())}
    store.close()
    return found


def test_processes_that_come_and_go_while_it_is_restored_lose_nothing(tmp_path: Path) -> None:
    """Each entry is in the store now, or in one of those that were put aside; all are whole."""
    path, backup = tmp_path / "store.db", tmp_path / "backup.db"
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=(note("before"),)))
    store.backup(backup)
    store.close()
    told = [tmp_path / f"told{n}" for n in range(2)]
    children = [started(come_and_go, str(path), f"p{n}-", str(told[n])) for n in range(2)]
    while any(child.is_alive() for child in children):
        try:
            restore(backup, path, opened)
        except StoreBusyError:
            continue
    assert [ended(child) for child in children] == [0, 0]
    restore(backup, path, opened)
    assert held(path) == {"before"}
    aside = set().union(*map(held, tmp_path.glob("store.db.before-restore-*")))
    assert {name for file in told for name in file.read_text().split()} <= aside


def write_one(path: str, begun: str) -> None:
    Path(begun).touch()
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=(note("later"),)))
    store.close()


def test_whoever_opens_a_store_that_is_being_replaced_opens_the_new_one(tmp_path: Path) -> None:
    path, other = tmp_path / "store.db", tmp_path / "other.db"
    for file, name in ((path, "old"), (other, "new")):
        store = SQLiteStore(file)
        store.apply(HERE, Change(entries=(note(name),)))
        store.close()
    with alone(str(path)):
        child = started(write_one, str(path), str(tmp_path / "begun"))
        while child.is_alive() and not (tmp_path / "begun").exists():
            child.join(0.01)
        child.join(0.3)  # it waits; were it not to wait, it would be done by now
        path.rename(tmp_path / "old.db")
        other.rename(path)
    assert ended(child) == 0
    assert held(path) == {"new", "later"}
    assert held(tmp_path / "old.db") == {"old"}

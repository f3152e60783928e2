"""Acknowledged means kept: processes killed at any moment lose nothing they said was stored."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from context_manager.records import Scope
from context_manager.store.protocol import Change, EntryFilter, VectorUpdate
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import MODEL, exchange, vector
from support.killing import KILLED, ended, started

Say = Callable[[str], None]

SESSIONS = [Scope("acme", "ann", "helper", name) for name in ("monday", "tuesday")]
HERE = SESSIONS[0].partition


def _ingest(path: str, durability: str, acks: str, first: int, seed: int) -> None:
    """Store turns and some of their vectors, forget every tenth; note down each once it is done."""
    handle = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store = SQLiteStore(path, durability=durability)  # type: ignore[arg-type]
    chance = random.Random(seed)
    for number in range(first, first + 100_000):
        name, scope = f"t{number}", SESSIONS[number % 2]
        text = f"text of {name} " + "more " * chance.randrange(400)
        store.apply(HERE, Change(turns=(exchange(name, text, "yes", scope=scope),)))
        os.write(handle, f"+{name}\n".encode())
        if chance.random() < 0.5:
            update = VectorUpdate(f"{name}.0", 0, vector(number + 1, 1, 0), MODEL)
            store.apply(HERE, Change(vectors=(update,)))
        if number % 10 == 9:
            os.write(handle, f"?{name}\n".encode())
            store.apply(HERE, Change(remove_turns=(name,)))
            os.write(handle, f"-{name}\n".encode())


def _acknowledged(acks: Path) -> Iterator[tuple[str, str]]:
    """What the children said: "+" stored, "?" about to be forgotten, "-" forgotten."""
    for line in acks.read_text().splitlines():
        yield line[0], line[1:]


def _check(store: SQLiteStore, acks: Path) -> int:
    said = list(_acknowledged(acks))
    stored = [name for sign, name in said if sign == "+"]
    forgotten = {name for sign, name in said if sign == "-"}
    doubtful = {name for sign, name in said if sign == "?"} - forgotten
    found = {turn.id: turn for scope in SESSIONS for turn in store.turns(scope)}
    lost = [name for name in stored if name not in found and name not in forgotten | doubtful]
    assert lost == [], f"{len(lost)} of {len(stored)} acknowledged turns are lost"
    assert found.keys() & forgotten == set(), "forgotten turns came back"
    for scope in SESSIONS:
        order = [int(turn.id[1:]) for turn in store.turns(scope)]
        assert order == sorted(order), "turns changed their order"
    wrong = [
        turn.id for turn in found.values() if not turn.user_input.startswith(f"text of {turn.id} ")
    ]
    assert wrong == []
    _check_no_orphans(store)
    return len(stored)


def _check_no_orphans(store: SQLiteStore) -> None:
    """Rows, words, vectors and jobs tell of the same entries."""
    rows = store.rows(HERE, MODEL)
    entries = {entry.key for entry in rows.entries}
    assert {row.entry_key for row in rows.passages} == entries
    pending = len(store.pending(HERE, MODEL, 10**9))
    assert pending == sum(row.vector is None for row in rows.passages)
    assert len(store.find(HERE, EntryFilter())) == len(entries)


def _kill_often(folder: Path, durability: str, kills: int, seed: int, say: Say) -> None:
    say(f"{kills} kills, durability {durability}")
    chance = random.Random(seed)
    path, acks = folder / "memory.db", folder / "acks"
    acks.touch()
    for number in range(kills):
        child = started(_ingest, str(path), durability, str(acks), number * 100_000, seed + number)
        _await_growth(acks)
        time.sleep(chance.uniform(0.001, 0.08))
        child.kill()
        assert ended(child) == KILLED
        store = SQLiteStore(path)
        _check(store, acks)
        store.close()
    store = SQLiteStore(path)
    assert store.verify().damages == ()
    say(f"{_check(store, acks)} acknowledged turns, 0 lost, {path.stat().st_size >> 20} MB")
    store.close()


def _await_growth(acks: Path) -> None:
    """Wait until the child works, so that the kill hits work and not the start of Python."""
    size, end = acks.stat().st_size, time.monotonic() + 60
    while acks.stat().st_size == size and time.monotonic() < end:
        time.sleep(0.002)


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_forty_kills_lose_nothing(tmp_path: Path, durability: str, seed: int, say: Say) -> None:
    _kill_often(tmp_path, durability, 20, seed, say)


@pytest.mark.soak
@pytest.mark.parametrize("durability", ["full", "normal"])
def test_five_hundred_kills_lose_nothing(
    tmp_path: Path, durability: str, seed: int, say: Say
) -> None:
    _kill_often(tmp_path, durability, 250, seed, say)


@pytest.mark.soak
def test_kills_while_the_file_grows_past_many_checkpoints(tmp_path: Path, seed: int) -> None:
    """Two processes write to one file and are killed in turn."""
    chance = random.Random(seed)
    path, acks = tmp_path / "memory.db", tmp_path / "acks"
    for side in range(2):
        Path(f"{acks}{side}").touch()
    for number in range(50):
        names = [(2 * number + side) * 100_000 for side in range(2)]
        children = [
            started(_ingest, str(path), "normal", f"{acks}{side}", first, seed + first)
            for side, first in enumerate(names)
        ]
        time.sleep(chance.uniform(0.5, 1.5))
        for child in children:
            child.kill()
            assert ended(child) == KILLED
        store = SQLiteStore(path)
        found = {turn.id for scope in SESSIONS for turn in store.turns(scope)}
        for side in range(2):
            said = list(_acknowledged(Path(f"{acks}{side}")))
            touched = {name for sign, name in said if sign != "+"}
            assert {name for sign, name in said if sign == "+"} - touched <= found
        _check_no_orphans(store)
        assert store.verify().damages == ()
        store.close()

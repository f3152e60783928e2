"""Forgotten means gone: no byte of it is left in the file, its log, or beside them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
import pytest

from context_manager.records import MemoryEntry
from context_manager.store.protocol import (
    Change,
    EntryDraft,
    EntryFilter,
    EntryUpdate,
    LedgerDraft,
    PassageDraft,
    VectorUpdate,
)
from context_manager.store.sqlite import SQLiteStore
from context_manager.store.sqlite.gaps import gap_of
from context_manager.testing.store_contract import exchange, note, vector
from support.killing import outcome, started
from support.workload import HOME

HERE = HOME.partition
MODEL = "wide/64"


@dataclass
class Told:
    """An entry and everything of it that must be gone one day."""

    draft: EntryDraft
    canary: str

    def traces(self) -> Iterable[bytes]:
        yield self.canary.encode()
        yield from self.draft.vectors
        yield from (part[8:72] for part in self.draft.vectors)
        yield from (passage.words for passage in self.draft.passages)


class Churn:
    """A store in which rows come, grow, move and go, so that every page is rewritten often."""

    def __init__(self, path: Path, seed: int) -> None:
        self.store = SQLiteStore(path, durability="normal")
        self.chance = random.Random(seed)
        self.living: dict[str, Told] = {}
        self.gone: list[Told] = []

    def run(self, steps: int) -> None:
        """Do steps of all kinds, the kinds by chance."""
        kinds = [self.add, self.add, self.add, self.alter, self.embed, self.forget]
        for _ in range(steps):
            self.chance.choice(kinds)()

    def add(self) -> None:
        told = [self._told() for _ in range(self.chance.randint(1, 4))]
        self.living |= {item.draft.entry.id: item for item in told}
        self.store.apply(HERE, Change(entries=tuple(item.draft for item in told)))

    def alter(self) -> None:
        """Grow a row in place, so that SQLite moves it and its neighbours."""
        if self.living:
            identifier = self.chance.choice(list(self.living))
            pad = "p" * self.chance.randint(1, 900)
            metadata = {"canary": self.living[identifier].canary, "pad": pad}
            update = EntryUpdate(identifier, {"metadata": metadata, "superseded_by": pad})
            self.store.apply(HERE, Change(updates=(update,)))

    def embed(self) -> None:
        ready = [item for item in self.living.values() if not item.draft.vectors]
        if ready:
            told = self.chance.choice(ready)
            vectors = tuple(self._vector() for _ in told.draft.passages)
            told.draft = replace(told.draft, vectors=vectors, model=MODEL)
            updates = tuple(
                VectorUpdate(told.draft.entry.id, place, data, MODEL)
                for place, data in enumerate(vectors)
            )
            self.store.apply(HERE, Change(vectors=updates))

    def forget(self, count: int = 1) -> None:
        chosen = self.chance.sample(list(self.living), min(count, len(self.living)))
        self.store.apply(HERE, Change(remove_entries=tuple(chosen)))
        self.gone += [self.living.pop(identifier) for identifier in chosen]

    def _told(self) -> Told:
        chance = self.chance
        canary = f"canary-{chance.randbytes(12).hex()}"
        text = f"{canary} and words " * chance.choice([1, 3, 10, 100, 400])
        name = canary if chance.random() < 0.3 else None
        entry = MemoryEntry(
            f"mem_{chance.randbytes(8).hex()}", text, metadata={"canary": canary}, name=name,
            scope=HOME,
        )  # fmt: skip
        passages = tuple(
            PassageDraft(0, 1, chance.randbytes(12 * chance.randint(4, 40)), 1)
            for _ in range(chance.choice([1, 1, 3]))
        )
        return Told(EntryDraft(entry, passages), canary)

    def _vector(self) -> bytes:
        return vector(*(self.chance.gauss(0, 1) for _ in range(64)))


def _search(folder: str, traces: list[bytes], expected: int) -> None:
    """In a process of its own, because reading a file here would drop SQLite's locks on it."""
    raw = b"".join(path.read_bytes() for path in sorted(Path(folder).iterdir()))
    found = sum(trace in raw for trace in traces)
    assert found == expected, f"{found} of {len(traces)} found, expected {expected}"


def _churned(tmp_path: Path, seed: int, steps: int, forgotten: int) -> Churn:
    churn = Churn(tmp_path / "memory.db", seed)
    churn.run(steps)
    churn.forget(forgotten)
    return churn


def _check_gone(churn: Churn, folder: Path) -> None:
    gone = [trace for told in churn.gone for trace in told.traces()]
    living = [told.canary.encode() for told in churn.living.values()]
    assert outcome(_search, str(folder), gone, 0) == 0
    assert outcome(_search, str(folder), living, len(living)) == 0


def test_two_hundred_forgotten_entries_leave_no_byte(tmp_path: Path, seed: int) -> None:
    """Text, metadata, name, words and vectors of 200 entries, the store still open."""
    churn = _churned(tmp_path, seed, steps=500, forgotten=200)
    assert len(churn.gone) >= 200
    assert churn.store.scrub()
    _check_gone(churn, tmp_path)
    assert churn.store.verify().damages == ()
    churn.store.close()
    _check_gone(churn, tmp_path)


def _plant(path: Path, table: str, token: bytes) -> None:
    """Leave a copy where SQLite leaves them: between the cells of the table's page."""
    connection = apsw.Connection(str(path))
    sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
    at = (next(connection.execute(sql, (table,)))[0] - 1) * 4096
    connection.close()
    raw = bytearray(path.read_bytes())
    start, stop = gap_of(bytes(raw[at : at + 4096]), 0)
    middle = at + (start + stop) // 2
    raw[middle : middle + len(token)] = token
    path.write_bytes(raw)


def test_what_nobody_scrubbed_is_scrubbed_at_the_next_opening(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=(note("n"), note("m"))))
    store.apply(HERE, Change(remove_entries=("n",)))
    store.close()
    _plant(path, "entries", b"canary-planted")
    assert outcome(_search, str(tmp_path), [b"canary-planted"], 1) == 0
    again = SQLiteStore(path)
    assert outcome(_search, str(tmp_path), [b"canary-planted"], 0) == 0
    assert [entry.id for _, entry in again.find(HERE, EntryFilter())] == ["m"]
    again.close()


def test_writing_on_brings_nothing_back(tmp_path: Path) -> None:
    """Pages that connections remembered from before the scrub do not return to the file."""
    path = tmp_path / "memory.db"
    store = SQLiteStore(path)
    store.apply(HERE, Change(entries=(note("n"), note("m"))))
    store.close()
    _plant(path, "entries", b"canary-planted")
    stores = [SQLiteStore(path), SQLiteStore(path)]
    for number, each in enumerate(stores):  # both writers now remember the page
        each.apply(HERE, Change(updates=(EntryUpdate("m", {"importance": number / 9}),)))
    assert outcome(_search, str(tmp_path), [b"canary-planted"], 1) == 0
    stores[0].apply(HERE, Change(remove_entries=("n",)))
    assert stores[0].scrub()
    for number, each in enumerate(stores):
        each.apply(HERE, Change(updates=(EntryUpdate("m", {"importance": number / 7}),)))
        assert outcome(_search, str(tmp_path), [b"canary-planted"], 0) == 0
    for each in stores:
        each.close()


@pytest.mark.soak
def test_thousands_of_forgotten_entries_leave_no_byte(tmp_path: Path, seed: int) -> None:
    for round_ in range(5):
        folder = tmp_path / str(round_)
        folder.mkdir()
        churn = _churned(folder, seed + round_, steps=2000, forgotten=700)
        assert churn.store.scrub()
        _check_gone(churn, folder)
        churn.store.close()


def test_turns_and_the_ledger_leave_no_byte_either(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "memory.db")
    draft = exchange("t", "canary-one " * 400, "canary-two")
    turn = replace(draft.turn, metadata={"m": "canary-three"})
    lines = (LedgerDraft("b", "x", "canary-four " * 900), LedgerDraft("b", "y", "canary-five"))
    store.apply(HERE, Change(turns=(replace(draft, turn=turn),), ledger=lines))
    lines = (LedgerDraft("b", "y", "new", replace=True),)
    store.apply(HERE, Change(remove_turns=("t",), strike=(("b", "x"),), ledger=lines))
    assert store.scrub()
    assert outcome(_search, str(tmp_path), [b"canary-"], 0) == 0
    store.close()


def test_changed_metadata_leave_no_byte_of_the_old(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "memory.db")
    store.apply(HERE, Change(entries=(note("n", metadata={"old": "canary-old"}),)))
    store.apply(HERE, Change(updates=(EntryUpdate("n", {"metadata": {}}),)))
    assert store.scrub()
    assert outcome(_search, str(tmp_path), [b"canary-old"], 0) == 0
    store.close()


def test_erasing_a_partition_leaves_no_byte_of_it_and_all_of_the_others(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "memory.db")
    other = replace(HOME, user_id="bob")
    for number in range(40):
        for scope in (HOME, other):
            draft = note(f"n{number}", f"canary-of-{scope.user_id}-{number} " * 40, scope)
            store.apply(scope.partition, Change(entries=(draft,)))
    store.apply(HERE, Change(erase=True))
    assert store.scrub()
    assert outcome(_search, str(tmp_path), [b"canary-of-ann"], 0) == 0
    assert (
        outcome(_search, str(tmp_path), [f"canary-of-bob-{n} ".encode() for n in range(40)], 40)
        == 0
    )
    store.close()


def _keep_reading(path: str, ready: str) -> None:
    store = SQLiteStore(path)
    connection = store._connections._open_reader()
    connection.execute("BEGIN; SELECT count(*) FROM entries")
    Path(ready).touch()
    while Path(ready).exists():
        pass


def test_a_busy_log_is_reported_and_scrubbed_later(tmp_path: Path) -> None:
    """While another process reads an old state the bytes cannot go; the result says so."""
    path, ready = tmp_path / "memory.db", tmp_path / "ready"
    store = SQLiteStore(path, busy_timeout=0.2)
    store.apply(HERE, Change(entries=(note("n", "canary-held " * 99),)))
    child = started(_keep_reading, str(path), str(ready))
    while not ready.exists():
        assert child.is_alive()
    store.apply(HERE, Change(remove_entries=("n",)))
    result = store.scrub()
    assert not result
    assert "in use" in result.reason
    child.kill()
    child.join()
    ready.unlink()
    assert store.scrub()
    assert outcome(_search, str(tmp_path), [b"canary-held"], 0) == 0
    store.close()

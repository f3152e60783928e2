"""Memory moves between back ends and back: every row is the same, and so is every prompt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from context_manager import ContextManager
from context_manager.errors import ConflictError, InputError, StoreError
from context_manager.records import Partition, Scope
from context_manager.store.moving import Check, Row, dump, move
from context_manager.store.postgres import PostgresStore
from context_manager.store.protocol import Change, LedgerDraft, Store
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.clock import ManualClock
from context_manager.testing.store_contract import exchange, note
from context_manager.testing.store_promises.samples import NASTY_TEXTS
from support import postgres
from support.workload import HOME, SERIES, picture

ANA = Scope("acme", "ana", "helper", "monday")


def _fill(store: Store) -> None:
    """Memory of three partitions in every state that rows can be in."""
    for change in SERIES[:8]:
        store.apply(HOME.partition, change)
    turns = tuple(exchange(f"nasty{n}", text) for n, text in enumerate(NASTY_TEXTS[:-1]) if text)
    store.apply(HOME.partition, Change(turns=turns, key="a key"))
    other = replace(HOME, user_id="ben")
    store.apply(other.partition, Change(entries=(note("n", "ben's", scope=other),)))
    store.apply(other.partition, Change(ledger=(LedgerDraft("receipts", "1", "{}"),)))
    with ContextManager(store=_kept_open(store), scope=ANA, clock=ManualClock(1e9)) as manager:
        for number in range(12):
            manager.observe(f"Lamp {number} stands in room {number * 7 % 12}.", "Noted.")
        manager.pin("Answer briefly.")
        manager.forget(manager.search("Lamp 3", 1)[0].entry.id)


def _kept_open(store: Store) -> Any:
    """The store, for a manager that is closed before it."""

    class Open:
        def close(self) -> None:
            """The test closes the store itself."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    return Open()


def _prompt(store: Store) -> str:
    manager = ContextManager(store=_kept_open(store), scope=ANA, clock=ManualClock(2e9))
    with manager:
        return manager.build_context("In which room is lamp 5?")


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(tmp_path / "origin.db")) as store:
        _fill(store)
        yield store


@pytest.fixture
def target(tmp_path: Path) -> Iterator[PostgresStore]:
    with closing(postgres.store_for(tmp_path)) as store:
        yield store


def _lines(store: SQLiteStore | PostgresStore) -> bytes:
    return "".join(dump(store.mover)).encode()


def test_there_and_back_every_byte_is_the_same(
    origin: SQLiteStore, target: PostgresStore, tmp_path: Path
) -> None:
    before, asked = _lines(origin), _prompt(origin)
    there = move(origin.mover, target.mover)
    assert (there.copied, there.already) == (3, 0)
    assert _lines(target) == before
    with (
        closing(postgres.store_for(tmp_path)) as arrived,
        closing(SQLiteStore(tmp_path / "back.db")) as back,
    ):
        assert _prompt(arrived) == asked
        assert picture(arrived) == picture(origin)
        assert move(arrived.mover, back.mover) == there
    with closing(SQLiteStore(tmp_path / "back.db")) as returned:
        assert _lines(returned) == before
        assert _prompt(returned) == asked
        assert returned.verify().damages == ()


def test_what_arrived_goes_on_as_it_would_have(
    origin: SQLiteStore, target: PostgresStore, tmp_path: Path
) -> None:
    """Keys that were used stay used, seqs and versions go on, and an update finds its entry."""
    move(origin.mover, target.mover)
    with closing(postgres.store_for(tmp_path)) as arrived:
        for change in (Change(turns=(exchange("new", "x"),), key="a key"), *SERIES[8:]):
            ours = origin.apply(HOME.partition, change)
            theirs = arrived.apply(HOME.partition, change)
            assert theirs == ours
        assert picture(arrived) == picture(origin)


class _Stopped(Exception):
    pass


def test_a_move_that_was_stopped_goes_on(origin: SQLiteStore, target: PostgresStore) -> None:
    def stop(done: int) -> None:
        if done == 2:
            raise _Stopped

    with pytest.raises(_Stopped):
        move(origin.mover, target.mover, progress=stop)
    rest = move(origin.mover, target.mover)
    assert (rest.copied, rest.already) == (1, 2)
    assert _lines(target) == _lines(origin)


def test_what_differs_is_replaced_only_when_asked(
    origin: SQLiteStore, target: PostgresStore
) -> None:
    move(origin.mover, target.mover)
    origin.apply(HOME.partition, Change(entries=(note("later"),)))
    with pytest.raises(ConflictError, match="replace"):
        move(origin.mover, target.mover)
    again = move(origin.mover, target.mover, replace=True)
    assert (again.copied, again.already) == (1, 2)
    assert _lines(target) == _lines(origin)


def test_a_store_with_memory_of_its_own_is_left_alone(
    origin: SQLiteStore, target: PostgresStore
) -> None:
    target.apply(HOME.partition, Change(entries=(note("mine"),)))
    before = _lines(target)
    with pytest.raises(InputError, match="empty store"):
        move(origin.mover, target.mover)
    assert _lines(target) == before


class _Garbling:
    """A mover that writes one text otherwise than it was given."""

    def __init__(self, mover: Any) -> None:
        self.mover = mover

    def __getattr__(self, name: str) -> Any:
        return getattr(self.mover, name)

    def put_in(self, partition: Partition, rows: Iterable[Row], check: Check) -> None:
        garbled = (
            Row(row.table, (*row.values[:2], row.values[2] + "!", *row.values[3:]))
            if row.table == "entry"
            else row
            for row in rows
        )
        self.mover.put_in(partition, garbled, check)


@pytest.mark.parametrize("back_end", ["sqlite", "postgres"])
def test_what_does_not_read_back_as_it_was_is_not_kept(
    origin: SQLiteStore, target: PostgresStore, tmp_path: Path, back_end: str
) -> None:
    with closing(SQLiteStore(tmp_path / "other.db")) as file:
        mover = _Garbling({"sqlite": file, "postgres": target}[back_end].mover)
        with pytest.raises(StoreError, match="nothing of it was kept"):
            move(origin.mover, mover)
        assert mover.holders() == []

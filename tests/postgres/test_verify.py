"""What somebody or something changed in the tables is found, row by row, and told by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from context_manager.records import Scope
from context_manager.store.moving import move
from context_manager.store.postgres import PostgresStore
from context_manager.store.postgres.queries import load_steps
from context_manager.store.postgres.schema import prepare
from context_manager.store.probe import silent
from context_manager.store.protocol import Change, LedgerDraft
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import MODEL, exchange, note, vector
from support import postgres
from support.workload import HOME, SERIES

HERE = HOME.partition
OTHER = Scope("acme", "bob", "helper")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PostgresStore]:
    """A store with turns, sources, vectors and a ledger of two users, in which all is well."""
    made = postgres.store_for(tmp_path)
    _fill_two(made)
    assert made.verify().damages == ()
    yield made
    made.close()


def _fill(store: PostgresStore, whose: Scope = HOME) -> None:
    for number in range(4):
        draft = note(f"n{number}", f"text {number}", scope=whose, source_ids=("t0.0", "nul\0"))
        full = replace(draft, vectors=(vector(number + 1, 1, 1),), model=MODEL, digest=b"digest")
        turns = (exchange(f"t{number}", f"question {number}", "answer", scope=whose),)
        lines = (LedgerDraft("b", f"line {number}", "body of a line"),)
        store.apply(whose.partition, Change(turns=turns, entries=(full,), ledger=lines))


def _fill_two(store: PostgresStore) -> None:
    _fill(store)
    store.apply(OTHER.partition, Change(entries=(note("of bob", scope=OTHER),)))


def _tamper(place: Path, sql: str) -> None:
    """Change the tables past the store and past every wall."""
    with postgres.server().superuser() as connection:
        connection.execute(f"SET search_path = {postgres.schema_for(place)}")
        assert connection.execute(sql).rowcount


def test_every_kind_of_change_leaves_rows_that_fit_their_checksums(tmp_path: Path) -> None:
    store = postgres.store_for(tmp_path)
    read = []
    for change in SERIES:
        store.apply(HERE, change)
        verdict = store.verify()
        assert verdict.damages == ()
        read.append(verdict.rows)
    assert max(read) > 15
    assert _unsummed(tmp_path) == 0
    store.close()


def _unsummed(place: Path) -> int:
    with postgres.server().superuser() as connection:
        connection.execute(f"SET search_path = {postgres.schema_for(place)}")
        tables = ("entries", "turns", "passages", "vectors", "ledger")
        asked = " UNION ALL ".join(f"SELECT checksum FROM {table}" for table in tables)
        found = connection.execute(
            f"SELECT count(*) FROM ({asked}) AS all_rows WHERE checksum IS NULL"
        ).fetchone()
    assert found is not None
    return int(found[0])


CHANGED = [
    ("UPDATE entries SET text = text || '.' WHERE id = 'n1'", "entries", "n1"),
    ("UPDATE entries SET trust = 3 - trust WHERE id = 't1.0'", "entries", "t1.0"),
    ("UPDATE entries SET digest = 'x' WHERE id = 'n2'", "entries", "n2"),
    ("UPDATE turns SET token_count = 77 WHERE id = 't2'", "turns", "t2"),
    ("UPDATE passages SET words = '' WHERE entry IN (SELECT key FROM entries WHERE id = 'n3')",
     "passages", "n3"),
    ("UPDATE vectors SET data = set_byte(data, 0, get_byte(data, 0) # 1)"
     " WHERE entry IN (SELECT key FROM entries WHERE id = 'n0')", "vectors", "n0"),
    ("UPDATE ledger SET body = 'another' WHERE name = 'line 1'", "ledger", "line 1"),
]  # fmt: skip


def test_changed_content_is_found_and_its_row_named(store: PostgresStore, tmp_path: Path) -> None:
    for statement, _, _ in CHANGED:
        _tamper(tmp_path, statement)
    found = [(item.table, item.partition, item.id) for item in store.verify()]
    assert sorted(found) == sorted((table, HERE, name) for _, table, name in CHANGED)


def test_a_row_moved_to_another_user_is_found(store: PostgresStore, tmp_path: Path) -> None:
    bobs = "SELECT part FROM partitions WHERE user_id = 'bob'"
    _tamper(tmp_path, f"UPDATE entries SET part = ({bobs}), key = 99 WHERE id = 'n1'")
    found = {(item.table, item.partition, item.id) for item in store.verify()}
    assert ("entries", OTHER.partition, "n1") in found


BROKEN = [
    ("DELETE FROM passages AS p USING entries AS e WHERE p.{mine} AND e.{mine}"
     " AND e.key = p.entry AND e.id = 'n1'", "vectors"),
    ("DELETE FROM entries WHERE {mine} AND id = 'n1'", "passages"),
    ("DELETE FROM entries WHERE {mine} AND id IN ('t1.0', 't1.1')", "turns"),
    ("DELETE FROM turns WHERE {mine} AND id = 't1'", "entries"),
    ("DELETE FROM sources WHERE {mine}", "sources"),
    ("UPDATE sources SET source_id = 'x' WHERE {mine} AND source_id = 't0.0'", "sources"),
    ("DELETE FROM sessions WHERE {mine}", "sessions"),
    ("UPDATE partitions SET next_key = 3 WHERE {mine}", "partitions"),
    ("UPDATE partitions SET change = 0 WHERE {mine}", "partitions"),
    ("UPDATE partitions SET lines = lines + 1 WHERE {mine}", "partitions"),
]  # fmt: skip


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """Each at another user, so that none is found by another's trace."""
    store = postgres.store_for(tmp_path)
    expected = set()
    for number, (statement, table) in enumerate(BROKEN):
        whose = replace(HOME, user_id=f"user{number}")
        _fill(store, whose)
        mine = f"part = (SELECT part FROM partitions WHERE user_id = '{whose.user_id}')"
        _tamper(tmp_path, statement.format(mine=mine))
        expected.add((whose.partition, table))
    assert {(item.partition, item.table) for item in store.verify()} >= expected
    store.close()


def test_what_cannot_be_read_is_named_and_the_rest_is_still_checked(
    store: PostgresStore, tmp_path: Path
) -> None:
    _tamper(tmp_path, "UPDATE entries SET source_ids = '{' WHERE id = 'n1'")
    _tamper(tmp_path, "UPDATE turns SET token_count = 77 WHERE id = 't2'")
    found = {(item.table, item.id) for item in store.verify()}
    assert {("entries", "n1"), ("turns", "t2"), ("sources", "?")} <= found


def test_rows_of_an_earlier_schema_are_read_until_they_are_written_anew(tmp_path: Path) -> None:
    name = postgres.schema_for(tmp_path)
    with postgres.server().superuser() as connection:
        connection.execute(f"SET ROLE {postgres.ROLE}")
        prepare(connection, name, 1, silent, load_steps()[:2])
    store = postgres.store_for(tmp_path)
    _fill(store)
    _tamper(tmp_path, "UPDATE entries SET checksum = NULL")
    assert _unsummed(tmp_path) == 12
    assert store.verify().damages == ()
    store.close()


def test_moving_sums_every_row_for_its_new_place(store: PostgresStore, tmp_path: Path) -> None:
    with_file = SQLiteStore(tmp_path / "memory.db")
    move(store.mover, with_file.mover)
    with_file.close()
    again = SQLiteStore(tmp_path / "memory.db")
    assert again.verify().damages == ()
    back = postgres.store_for(tmp_path / "back")
    move(again.mover, back.mover)
    back.close()
    back = postgres.store_for(tmp_path / "back")
    verdict = back.verify()
    assert (verdict.damages, verdict.rows) == ((), store.verify().rows)
    for opened in (again, back):
        opened.close()

"""Tenants share nothing: not a key, not a lock, not a plan, and not a row past the second wall."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from context_manager.records import Scope
from context_manager.store.postgres import PostgresStore
from context_manager.store.postgres.queries import AUDIT, FINDING, STATEMENTS
from context_manager.store.protocol import Change
from context_manager.testing.store_contract import note
from support import postgres
from support.workload import SERIES

APART = {"secrets", "schema_steps", "jobs"}
"""Tables that hold no memory."""

ANA = Scope("acme", "ana", "helper")
BEN = Scope("acme", "ben", "helper")
EVA = Scope("evil", "ana", "helper")


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A schema of four hash partitions in which three users of two tenants have said the same."""
    place = tmp_path_factory.mktemp("tenants")
    store = postgres.store_for(place, hash_partitions=4)
    for scope in (ANA, BEN, EVA):
        for change in SERIES[:3]:
            store.apply(scope.partition, _moved(change, scope))
    store.close()
    return postgres.schema_for(place)


def _moved(change: Change, scope: Scope) -> Change:
    """The change as another user's."""
    whose = {"tenant_id": scope.tenant_id, "user_id": scope.user_id, "agent_id": scope.agent_id}
    return replace(
        change,
        turns=tuple(replace(turn, scope=replace(turn.scope, **whose)) for turn in change.turns),
        entries=tuple(
            replace(draft, entry=replace(draft.entry, scope=replace(draft.entry.scope, **whose)))
            for draft in change.entries
        ),
    )


@pytest.fixture
def keeper(schema: str) -> Iterator[psycopg.Connection[Any]]:
    """What somebody who got hold of the store's own connection could do."""
    with psycopg.connect(postgres.server().dsn()) as connection:
        connection.execute(f'SET search_path = "{schema}"')
        yield connection


def _tables(connection: psycopg.Connection[Any], schema: str) -> dict[str, str]:
    """Name and kind of every table that is no piece of another."""
    rows = connection.execute(
        "SELECT relname, relkind FROM pg_class WHERE relnamespace = %s::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relispartition",
        (schema,),
    )
    return dict(rows.fetchall())


def test_memory_is_divided_by_a_hash_of_the_tenant(
    keeper: psycopg.Connection[Any], schema: str
) -> None:
    tables = _tables(keeper, schema)
    assert {name for name, kind in tables.items() if kind != "p"} == APART
    divided = keeper.execute(
        "SELECT relname, partstrat, array_agg(attname) FROM pg_partitioned_table "
        "JOIN pg_class AS c ON c.oid = partrelid JOIN pg_attribute ON attrelid = c.oid "
        "AND attnum = ANY(partattrs) WHERE relnamespace = %s::regnamespace GROUP BY 1, 2",
        (schema,),
    ).fetchall()
    assert {name for name, *_ in divided} == tables.keys() - APART
    assert {(kind, *columns) for _, kind, columns in divided} == {("h", "tenant_id")}


def test_every_key_begins_with_the_tenant(keeper: psycopg.Connection[Any], schema: str) -> None:
    """So no two tenants meet in a unique key, and each could move to a machine of its own."""
    found = keeper.execute(
        "SELECT indexrelid::regclass::text, attname FROM pg_index "
        "JOIN pg_class AS c ON c.oid = indrelid "
        "JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] "
        "WHERE relnamespace = %s::regnamespace AND relname <> ALL(%s)",
        (schema, list(APART)),
    ).fetchall()
    assert len(found) > 40
    assert {first for _, first in found} == {"tenant_id"}, found


def test_nothing_refers_across_tables_and_nothing_runs_by_itself(
    keeper: psycopg.Connection[Any], schema: str
) -> None:
    """A foreign key would lock rows of others; a trigger could read them."""
    constraints = keeper.execute(
        "SELECT conname FROM pg_constraint WHERE connamespace = %s::regnamespace "
        "AND contype IN ('f', 'x', 't')",
        (schema,),
    ).fetchall()
    triggers = keeper.execute(
        "SELECT tgname FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid "
        "WHERE relnamespace = %s::regnamespace",
        (schema,),
    ).fetchall()
    assert (constraints, triggers) == ([], [])


_SAMPLES: dict[str, Any] = {
    "schema": "public", "tenant": "acme", "user": "ana", "agent": "helper", "part": 1,
    "ids": ["a"], "keys": [1], "sessions": ["s"], "seqs": [1], "names": ["n"], "book": "b",
    "digest": b"d", "model": "m", "since": 1, "after": 0, "before": 9, "last": 9, "first": 1,
    "final": 2, "limit": 9, "session": "s", "change": 1, "epoch": 1, "next_key": 1, "entries": 1,
    "lines": 1, "writer": b"w", "applied": "{}", "fingerprint": "f", "id": 1, "dimension": 3,
    "ledgers": False, "secret": b"s", "fork": 0,
    "blocks": [0], "block": 0, "models": [1], "runs": 1, "step": 1, "length": 1, "most": 1,
    "turns": 1, "terms": [1], "held": [1], "packed": [b"p"], "passages": 1, "vectors": 1,
    "words": 1, "end": 2,
}  # fmt: skip

_ABOUT_ALL = {
    "enter",
    "enter_listing",
    "secret",
    "insert_secret",
    "partitions",
    "holders",
    "adopt",
    "facts",
    "position",
    "reached",
    "walled",
    "enter_session",
    "pgvector",
    "index_state",
    "scan",
    "scanned",
}
"""Statements that are about no tenant."""

_ALL = {**STATEMENTS, **FINDING, **{f"audit_{name}": sql for name, sql in AUDIT.items()}}

_OF_ROWS = {name for name, sql in _ALL.items() if sql.startswith("INSERT") or "= %s" in sql}
"""Statements that write rows, whose tenant is among their values."""

_OF_ONE = {name for name, sql in _ALL.items() if "{" in sql}
"""Statements about a table that holds one user's vectors and no others."""

_CHECKED = _ALL.keys() - _ABOUT_ALL - _OF_ROWS - _OF_ONE


@pytest.mark.parametrize("name", sorted(_CHECKED))
def test_every_statement_touches_the_pieces_of_one_tenant_only(
    keeper: psycopg.Connection[Any], name: str
) -> None:
    """The planner leaves all other pieces of every table out: each has its tenant named."""
    plan = keeper.execute(f"EXPLAIN (FORMAT JSON) {_ALL[name]}", _SAMPLES).fetchone()  # type: ignore[arg-type]
    assert plan is not None
    touched = set(_relations(plan[0] if isinstance(plan[0], list) else json.loads(plan[0])))
    pieces = {relation.rpartition("_")[2] for relation in touched if relation[-1].isdigit()}
    assert len(pieces) == 1, touched


def _relations(plan: Any) -> Iterator[str]:
    if isinstance(plan, list):
        for item in plan:
            yield from _relations(item)
    elif isinstance(plan, dict):
        yield from (value for key, value in plan.items() if key == "Relation Name")
        for value in plan.values():
            yield from _relations(value)


def _enter(connection: psycopg.Connection[Any], scope: Scope) -> None:
    for name in ("tenant", "user", "agent"):
        value = getattr(scope, f"{name}_id")
        connection.execute("SELECT set_config(%s, %s, true)", (f"context_manager.{name}", value))


TABLES = (
    "partitions", "sessions", "turns", "entries", "passages", "models", "vectors", "ledger", "done",
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_without_a_scope_nobody_sees_a_row(keeper: psycopg.Connection[Any], table: str) -> None:
    assert keeper.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


@pytest.mark.parametrize("table", TABLES)
def test_a_statement_that_forgets_the_scope_sees_its_own_rows_only(
    keeper: psycopg.Connection[Any], table: str
) -> None:
    seen = []
    for scope in (ANA, BEN, EVA):
        _enter(keeper, scope)
        column = "user_id" if table == "partitions" else "part"
        rows = keeper.execute(f"SELECT DISTINCT tenant_id, {column} FROM {table}").fetchall()
        assert len(rows) == 1
        seen += rows
    assert len(set(seen)) == 3


def test_the_pieces_of_a_table_cannot_be_read_past_it(
    keeper: psycopg.Connection[Any], schema: str
) -> None:
    _enter(keeper, ANA)
    for number in range(4):
        assert keeper.execute(f"SELECT count(*) FROM entries_{number}").fetchone() == (0,)


def test_nobody_writes_or_removes_what_is_anothers(
    keeper: psycopg.Connection[Any], schema: str
) -> None:
    _enter(keeper, BEN)
    part = keeper.execute("SELECT part FROM partitions").fetchone()
    assert part is not None
    _enter(keeper, ANA)
    removed = keeper.execute("DELETE FROM entries WHERE part = %s", part)
    assert removed.rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        keeper.execute("INSERT INTO sources VALUES ('acme', %s, 'a', 1)", part)


def test_a_listing_tells_who_has_anything_and_not_what(keeper: psycopg.Connection[Any]) -> None:
    keeper.execute("SELECT set_config('context_manager.listing', 'on', true)")
    assert keeper.execute("SELECT count(*) FROM partitions").fetchone() == (3,)
    assert keeper.execute("SELECT count(*) FROM entries").fetchone() == (0,)


def test_writers_of_two_tenants_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """One holds its partition's lock in the middle of a change while the other finishes."""
    other = postgres.store_for(tmp_path)

    def write_meanwhile(point: str) -> None:
        if point == "set_partition" and not other.entries(EVA.partition, ["n"]):
            other.apply(EVA.partition, Change(entries=(note("n", scope=EVA),)))

    ours: PostgresStore = postgres.store_for(tmp_path, probe=write_meanwhile, timeout=5.0)
    ours.apply(ANA.partition, Change(entries=(note("n", scope=ANA),)))
    assert other.entries(EVA.partition, ["n"])
    ours.close()
    other.close()

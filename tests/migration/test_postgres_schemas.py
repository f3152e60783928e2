"""A database of an earlier schema becomes one of the present schema, also when cut short."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from context_manager.store.postgres import schema
from context_manager.store.postgres.queries import load_steps
from context_manager.store.postgres.transaction import Place, committing
from context_manager.store.postgres.writes import Writing
from context_manager.store.probe import crash_at, silent
from context_manager.store.protocol import Change
from context_manager.testing.store_contract import note
from support import postgres
from support.killing import KILLED, outcome
from support.workload import HOME

STEPS = load_steps()
LATEST = STEPS[-1][0]
PIECES = 3


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the schema before the present one, in which something is remembered."""
    name = postgres.schema_for(tmp_path)
    with psycopg.connect(postgres.server().dsn(), autocommit=True) as connection:
        secret = schema.prepare(connection, name, PIECES, silent, STEPS[:-1])
        place = Place(name, HOME.partition)
        with committing(connection, place, silent):
            Writing(connection, place, secret, silent).apply(Change(entries=(note("n"),)))
    return tmp_path


def _migrate(dsn: str, name: str, point: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        schema.prepare(connection, name, 8, crash_at(point))


@pytest.mark.parametrize("phase", ["", "_commit", "_committed"])
def test_a_step_that_is_killed_is_done_by_whoever_comes_next(old: Path, phase: str) -> None:
    name = postgres.schema_for(old)
    point = f"migrate_{LATEST}{phase}"
    assert outcome(_migrate, postgres.server().dsn(), name, point) == KILLED
    store = postgres.store_for(old)
    assert store.facts().schema == LATEST
    assert [entry.id for entry in store.entries(HOME.partition, ["n"])] == ["n"]
    store.apply(HOME.partition, Change(remove_entries=("n",)))
    assert store.entries(HOME.partition, ["n"]) == []
    store.close()
    with postgres.server().superuser() as connection:
        pieces = connection.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = ANY(%s::regclass[]) "
            "GROUP BY inhparent",
            ([f"{name}.{table}" for table in ("entries", "filed", "postings")],),
        ).fetchall()
    assert pieces == [(PIECES,)] * 3

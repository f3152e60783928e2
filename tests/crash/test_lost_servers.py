"""PostgreSQL may end a connection, a backend or itself at any moment: nothing acknowledged is lost,
nothing is done twice, and the next call finds its way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from context_manager.errors import ConflictError, StoreError
from context_manager.store.postgres import PostgresStore
from context_manager.store.probe import crash_at
from context_manager.store.protocol import Change, EntryUpdate
from context_manager.testing.store_contract import note
from support import postgres
from support.killing import KILLED, outcome
from support.swallowing_proxy import SwallowingProxy
from support.workload import HOME, SERIES, note_down, picture, pictures

HERE = HOME.partition
STATES = pictures()


def _pids(connection: psycopg.Connection, place: Path) -> list[int]:
    """Backends of the stores that stand for this directory."""
    name = (postgres.schema_for(place),)
    rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", name)
    return [pid for (pid,) in rows]


def _named(place: Path, **options: object) -> PostgresStore:
    """The store of a directory, whose backends can be told from those of others."""
    dsn = f"{postgres.server().dsn()}?application_name={postgres.schema_for(place)}"
    return postgres.store_for(place, dsn=dsn, **options)


class Ender:
    """A probe that ends the store's backends the first time it passes each point."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.ended: list[str] = []
        self.awake = False

    def __call__(self, point: str) -> None:
        if self.awake and point not in self.ended:
            self.ended.append(point)
            with postgres.server().superuser() as connection:
                postgres.terminate(connection, _pids(connection, self.place))


def test_a_backend_may_end_before_any_statement(tmp_path: Path) -> None:
    """Each change is done once all the same, and whoever asked for it does not notice."""
    ender = Ender(tmp_path)
    store = _named(tmp_path, probe=ender, timeout=60.0, pool_size=1)
    for number, change in enumerate(SERIES):
        ender.awake = change.key is None  # a key alone would keep it from being done twice
        store.apply(HERE, change)
        assert picture(store) == STATES[number + 1], ender.ended
    assert {"begin", "insert_turn", "set_partition", "commit", "committed"} <= set(ender.ended)
    store.close()


def test_a_commit_whose_answer_is_lost_is_not_done_again(tmp_path: Path) -> None:
    dsn = postgres.server().dsn()
    with SwallowingProxy(postgres.server().port) as proxy:
        through = dsn.replace(str(postgres.server().port), str(proxy.port))
        store = postgres.store_for(tmp_path, dsn=through)
        plain = postgres.store_for(tmp_path)
        for number, change in enumerate(SERIES):
            proxy.armed = True
            applied = store.apply(HERE, change)
            assert applied.version == plain.version(HERE)
            assert picture(plain) == STATES[number + 1]
        assert proxy.swallowed == len(SERIES)
        store.close()
        plain.close()


OURS = EntryUpdate("both", {"importance": 0.75})


@pytest.mark.parametrize(
    "change",
    [Change(entries=(note("ours"),), updates=(OURS,)), Change(updates=(OURS,), key="a key")],
    ids=["adding", "keyed"],
)
def test_a_lost_commit_is_found_even_when_others_wrote_since(
    tmp_path: Path, change: Change
) -> None:
    with _interrupted(tmp_path) as (store, other):
        version = store.apply(HERE, change).version
        assert other.version(HERE).change == version.change + 1
        assert other.entries(HERE, ["both"])[0].importance == 0.75


def test_a_lost_commit_that_cannot_be_told_is_said(tmp_path: Path) -> None:
    with _interrupted(tmp_path) as (store, other):
        with pytest.raises(StoreError, match="done or not"):
            store.apply(HERE, Change(updates=(OURS,)))
        assert other.entries(HERE, ["theirs"])


@contextmanager
def _interrupted(place: Path) -> Iterator[tuple[PostgresStore, PostgresStore]]:
    """A store that loses the answer to its next commit, and one that writes before it can look."""
    other = postgres.store_for(place)
    other.apply(HERE, Change(entries=(note("both"),)))
    with SwallowingProxy(postgres.server().port) as proxy:
        through = postgres.server().dsn().replace(str(postgres.server().port), str(proxy.port))
        store = postgres.store_for(place, dsn=through)
        proxy.meanwhile = lambda: other.apply(HERE, Change(entries=(note("theirs"),)))
        proxy.armed = True
        yield store, other
        assert proxy.swallowed == 1
        store.close()
    other.close()


def test_a_refused_change_is_not_tried_again(tmp_path: Path) -> None:
    begun: list[str] = []
    store = _named(tmp_path, probe=begun.append)
    begun.clear()
    with pytest.raises(ConflictError):
        store.apply(HERE, Change(expect_entries=("gone",)))
    assert begun.count("begin") == 1
    store.close()


def test_a_server_that_crashed_comes_back_with_all_it_acknowledged(tmp_path: Path) -> None:
    """A backend killed by SIGKILL takes every other with it; the server recovers from its log."""
    store = _named(tmp_path, timeout=60.0)
    for number, change in enumerate(SERIES):
        if number == 5:
            with postgres.server().superuser() as connection:
                victims = _pids(connection, tmp_path)
            os.kill(victims[0], signal.SIGKILL)
        store.apply(HERE, change)
        assert picture(store) == STATES[number + 1]
    store.close()


POINTS = (
    "migrate_1", "migrate_1_commit", "migrate_1_committed",
    "begin", "insert_entry", "set_partition", "commit", "committed",
)  # fmt: skip


def _run_and_die(dsn: str, place: str, point: str) -> None:
    acknowledge = note_down(Path(place) / "acks")
    schema = postgres.schema_for(Path(place))
    store = PostgresStore(dsn, schema=schema, hash_partitions=1, probe=crash_at(point, 1))
    for number, change in enumerate(SERIES):
        store.apply(HERE, change)
        acknowledge(number)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_process_leaves_a_state_before_or_after_each_change(
    tmp_path: Path, point: str
) -> None:
    code = outcome(_run_and_die, postgres.server().dsn(), str(tmp_path), point)
    assert code == KILLED
    acknowledged = (tmp_path / "acks").stat().st_size
    store = postgres.store_for(tmp_path)
    legal = STATES[acknowledged : acknowledged + 2]
    found = picture(store)
    assert found in legal
    for change in SERIES[acknowledged + legal.index(found) :]:
        store.apply(HERE, change)
    assert picture(store) == STATES[-1]
    store.close()

"""Reads from a streaming standby: never less than was acknowledged, whatever the standby does."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from context_manager import ContextManager
from context_manager.manager.doctoring import examine
from context_manager.store.moving import move
from context_manager.store.postgres import PostgresStore
from context_manager.store.postgres.connections import Connections
from context_manager.store.postgres.reading import Reading
from context_manager.store.protocol import Change
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder
from context_manager.testing.store_contract import exchange
from support import postgres
from support.postgres import PATIENCE, Postgres
from support.workload import HOME

HERE = HOME.partition
SLOT = "read_by_tests"


@pytest.fixture(scope="module")
def machine() -> Iterator[Postgres]:
    """A standby of the server of this process."""
    home = postgres.temporary()
    standby = Postgres(home, {"hot_standby": "on"})
    standby.copy_of(postgres.server(), SLOT)
    standby.start()
    yield standby
    standby.stop()
    active = "SELECT active FROM pg_replication_slots WHERE slot_name = %s"
    with postgres.server().superuser() as connection:
        _until(lambda: connection.execute(active, (SLOT,)).fetchone() == (False,))
        connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
    shutil.rmtree(home)


@pytest.fixture
def standby(machine: Postgres) -> Iterator[Postgres]:
    """The standby, up and replaying before and after each test."""
    yield machine
    if not machine.runs:
        machine.start()
    _replay(machine, paused=False)


@pytest.fixture
def store(standby: Postgres, tmp_path: Path) -> Iterator[PostgresStore]:
    """A store that reads from the standby where it may."""
    made = postgres.store_for(tmp_path, read=f"127.0.0.1:{standby.port}")
    yield made
    made.close()


def _replay(machine: Postgres, *, paused: bool) -> None:
    """Stop or resume what the standby does with the log; it goes on receiving it."""
    with machine.superuser() as connection:
        connection.execute(f"SELECT pg_wal_replay_{'pause' if paused else 'resume'}()")
        wanted = ("paused",) if paused else ("not paused",)
        state = "SELECT pg_get_wal_replay_pause_state()"
        _until(lambda: connection.execute(state).fetchone() == wanted)


def _counts(store: PostgresStore) -> Counter[str]:
    return Counter(store.reading.counts())


def _until(state: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not state():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


class Talk:
    """A conversation that is written turn by turn and read back whole at every look."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.said: list[str] = []

    def say(self) -> None:
        """Write one more turn."""
        name = f"t{len(self.said)}"
        self.store.apply(HERE, Change(turns=(exchange(name, name, "noted", scope=HOME),)))
        self.said.append(name)

    def look(self) -> None:
        """Read it as a prompt does: the version, then the turns."""
        self.store.version(HERE)
        for _ in range(2):
            assert [turn.id for turn in self.store.turns(HOME)] == self.said

    def look_until(self, state: Callable[[Counter[str]], bool]) -> None:
        """Look again and again until so many reads were answered where they were."""

        def looked() -> bool:
            self.look()
            return state(_counts(self.store))

        _until(looked)


def test_an_own_write_is_seen_at_once_and_the_standby_answers_the_rest(
    store: PostgresStore,
) -> None:
    talk = Talk(store)
    for _ in range(20):
        talk.say()
        talk.look()
    talk.look_until(lambda now: now["standby"] > 0)
    for _ in range(20):
        talk.say()
        talk.look()


def test_a_standby_that_is_behind_is_passed_over_until_it_has_caught_up(
    store: PostgresStore, standby: Postgres
) -> None:
    talk = Talk(store)
    talk.say()
    talk.look_until(lambda now: now["standby"] > 0)
    _replay(standby, paused=True)
    talk.say()
    answered = _counts(store)["standby"]
    talk.look_until(lambda now: now["behind"] > 0)
    assert _counts(store)["standby"] == answered
    assert (standing := store.reading.standing()) is not None
    assert standing.lag
    _replay(standby, paused=False)
    talk.look_until(lambda now: now["standby"] > answered)


def test_a_standby_that_is_gone_costs_no_answer(store: PostgresStore, standby: Postgres) -> None:
    talk = Talk(store)
    talk.say()
    talk.look_until(lambda now: now["standby"] > 0)
    standby.kill()
    talk.look_until(lambda now: now["failed"] > 0)
    talk.say()
    talk.look()
    answered = _counts(store)["standby"]
    standby.start()
    talk.look_until(lambda now: now["standby"] > answered)


def test_a_standby_that_hangs_is_taken_for_gone(standby: Postgres, tmp_path: Path) -> None:
    """Its machine answers and holds the connection, but the server never says a word."""
    place = conninfo_to_dict(f"{standby.dsn()}?application_name=hanging")
    hanging = Connections(dict(place), size=2, timeout=PATIENCE, silence=1.0)
    store = postgres.store_for(tmp_path)
    store.reading = Reading(store._connections, hanging)
    talk = Talk(store)
    talk.say()
    talk.look_until(lambda now: now["standby"] > 0)
    backends = "SELECT pid FROM pg_stat_activity WHERE application_name = 'hanging'"
    with standby.superuser() as connection:
        stopped = [pid for (pid,) in connection.execute(backends)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        talk.look_until(lambda now: now["failed"] > 0)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    talk.look()
    hanging.close()
    store.close()


def test_a_store_opens_and_works_where_the_standby_never_was(tmp_path: Path) -> None:
    store = postgres.store_for(tmp_path, read="127.0.0.1:1")
    talk = Talk(store)
    talk.say()
    talk.look_until(lambda now: now["failed"] > 0)
    store.close()


def test_what_others_said_and_forgot_holds_in_the_next_prompt(
    store: PostgresStore, standby: Postgres, tmp_path: Path
) -> None:
    """The standby still has the one and lacks the other."""
    reader = ContextManager(store=store)
    writer = ContextManager(store=postgres.store_for(tmp_path))
    for manager in (reader, writer):
        manager.embedding_provider = HashEmbedder()
    gone = writer.add_memory("The lantern hangs in the old boathouse.")
    question = "Where does the lantern hang?"

    def asked() -> bool:
        assert "boathouse" in reader.build_context(question)
        return _counts(store)["standby"] > 0

    _until(asked)
    _replay(standby, paused=True)
    writer.forget(gone)
    writer.add_memory("The lantern hangs in the chapel.")
    for _ in range(3):
        prompt = reader.build_context(question)
        assert "chapel" in prompt
        assert "boathouse" not in prompt
    writer.close()


def test_listings_of_who_is_remembered_hold_what_was_written(
    store: PostgresStore, standby: Postgres
) -> None:
    _replay(standby, paused=True)
    other = replace(HOME, user_id="newcomer")
    assert store.partitions() == []
    store.apply(other.partition, Change(turns=(exchange("n", "hello", "hi", scope=other),)))
    for _ in range(3):
        assert store.partitions() == [other.partition]


def test_what_was_moved_in_is_seen_at_once(
    store: PostgresStore, standby: Postgres, tmp_path: Path
) -> None:
    moved = Talk(SQLiteStore(tmp_path / "memory.db"))
    moved.say()
    _replay(standby, paused=True)
    assert store.turns(HOME) == []
    move(moved.store.mover, store.mover)
    for _ in range(3):
        assert [turn.id for turn in store.turns(HOME)] == moved.said
    moved.store.close()


def test_a_doctor_tells_how_reading_goes(store: PostgresStore, standby: Postgres) -> None:
    manager = ContextManager(store=store)
    talk = Talk(store)
    talk.say()
    talk.look_until(lambda now: now["standby"] > 0)
    told = {remark.name: remark for remark in examine(manager)}["standby"]
    assert told.level == "note"
    assert "reads by the standby" in told.what
    standby.kill()
    told = {remark.name: remark for remark in examine(manager)}["standby"]
    assert told.level == "risk"
    assert f":{standby.port}/" in told.what

"""Three machines: the primary is killed under load, a standby is promoted, the clients go on."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from context_manager.records import Partition
from context_manager.store.postgres import PostgresStore
from context_manager.store.protocol import Change
from context_manager.testing.store_contract import exchange
from support import postgres
from support.postgres import PATIENCE, ROLE, Postgres
from support.workload import HOME

Cluster = list[Postgres]

WRITERS = 4


class Client(threading.Thread):
    """Writes one session, turn after turn, and notes what was acknowledged.

    Args:
        store: Where to.
        number: Which session.
        turns: How many turns.
        told: Called after each acknowledgement.
    """

    def __init__(
        self, store: PostgresStore, number: int, turns: int, told: Callable[[], object]
    ) -> None:
        super().__init__(daemon=True)
        self.store = store
        self.scope = replace(HOME, user_id=f"user{number % 2}", session_id=f"s{number}")
        self.wanted = [f"{number}/{turn}" for turn in range(turns)]
        self.acknowledged: list[str] = []
        self.told = told

    def run(self) -> None:
        """Write to the end."""
        for name in self.wanted:
            change = Change(turns=(exchange(name, name, "noted", scope=self.scope),))
            self.store.apply(self.scope.partition, change)
            self.acknowledged.append(name)
            self.told()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A primary and two standbys, of which one must have every commit before it is acknowledged
    to those who ask for that."""
    home = postgres.temporary()
    machines = []
    for name in ("a", "b", "c"):
        (home / name).mkdir()
        machines.append(Postgres(home / name, {"wal_keep_size": "256MB", "hot_standby": "on"}))
    primary, *standbys = machines
    primary.make()
    primary.start()
    primary.make_database()
    for standby in standbys:
        standby.copy_of(primary)
        standby.start()
    yield machines
    for machine in machines:
        machine.stop()
    shutil.rmtree(home)


def _together(cluster: Cluster, level: str) -> str:
    """The address of whichever machine is the primary."""
    hosts = ",".join(f"127.0.0.1:{machine.port}" for machine in cluster)
    options = f"options=-c%20synchronous_commit%3D{level}"
    return f"postgresql://{ROLE}@{hosts}/memory?target_session_attrs=read-write&{options}"


def _require_a_standby(machine: Postgres) -> None:
    with machine.superuser() as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
        connection.execute("SELECT pg_reload_conf()")


def _caught_up(cluster: Cluster) -> None:
    """Wait until both standbys have all that the primary has."""
    primary, *standbys = cluster
    with primary.superuser() as connection:
        found = connection.execute("SELECT pg_current_wal_flush_lsn() - '0/0'").fetchone()
    assert found is not None
    for standby in standbys:
        while standby.received() < found[0]:
            time.sleep(0.01)


def _fail_over(cluster: Cluster) -> Postgres:
    """Kill the primary and promote whichever standby has come furthest; the other follows it."""
    primary, *standbys = cluster
    primary.kill()
    chosen, other = sorted(standbys, key=Postgres.received, reverse=True)
    chosen.promote()
    other.follow(chosen)
    return chosen


def _run_through(cluster: Cluster, level: str, turns: int) -> tuple[list[Client], PostgresStore]:
    """Clients that write while the primary is killed; they end when all is acknowledged."""
    store = PostgresStore(_together(cluster, level), timeout=PATIENCE, hash_partitions=2)
    enough = threading.Semaphore(0)
    clients = [Client(store, number, turns, enough.release) for number in range(WRITERS)]
    for client in clients:
        client.start()
    before = WRITERS * turns // 3
    for told in range(WRITERS * turns):
        if told == before:
            _fail_over(cluster)
        assert enough.acquire(timeout=PATIENCE), f"nothing was acknowledged after {told} turns"
    for client in clients:
        client.join(PATIENCE)
        assert not client.is_alive()
    return clients, store


@pytest.mark.parametrize("turns", [40, pytest.param(2000, marks=pytest.mark.soak)])
def test_nothing_acknowledged_is_lost_with_a_synchronous_standby(
    cluster: Cluster, turns: int
) -> None:
    """And nothing is written twice, and every session keeps its order."""
    _require_a_standby(cluster[0])
    clients, store = _run_through(cluster, "remote_apply", turns)
    for client in clients:
        assert client.acknowledged == client.wanted
        found = store.turns(client.scope)
        assert [turn.id for turn in found] == client.wanted
        assert [turn.seq for turn in found] == list(range(turns))
    store.close()


def test_what_is_lost_without_one_is_the_end_and_never_the_middle(cluster: Cluster) -> None:
    """A standby that lags has a state that was: each partition lacks its last changes at most."""
    first, second = (replace(HOME, user_id=f"user{number}") for number in range(2))
    store = PostgresStore(_together(cluster, "local"), timeout=PATIENCE, hash_partitions=2)

    def write(numbers: range) -> None:
        for number in numbers:
            for scope in (first, second):
                turn = exchange(f"t{number}", "x", scope=scope)
                store.apply(scope.partition, Change(turns=(turn,)))

    write(range(5))
    _caught_up(cluster)
    for standby in cluster[1:]:
        standby.cut_off()
    write(range(5, 10))
    seen = store.version(first.partition)
    _fail_over(cluster)
    for scope in (first, second):
        kept = [turn.id for turn in store.turns(scope)]
        assert kept == [f"t{number}" for number in range(len(kept))]
        assert 5 <= len(kept) < 10
    assert store.version(first.partition).epoch > seen.epoch  # readers read anew
    write(range(10, 12))
    assert [turn.id for turn in store.turns(first)][-2:] == ["t10", "t11"]
    store.close()
    _read_from_the_other(cluster, first.partition)


def _read_from_the_other(cluster: Cluster, partition: Partition) -> None:
    """The standby that is left tells the same versions as the new primary: nothing is read anew."""
    hosts = ",".join(f"127.0.0.1:{machine.port}" for machine in cluster[1:])
    store = PostgresStore(_together(cluster, "local"), timeout=PATIENCE, read=hosts)
    end = time.monotonic() + PATIENCE
    while (standing := store.reading.standing()) is None or standing.standby == 0:
        assert time.monotonic() < end, "the standby answered nothing"
        assert store.version(partition) == store.rows(partition, "model").version
    store.close()

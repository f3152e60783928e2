"""Whatever standbys do, a read shows all that was acknowledged to this process or seen by it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from context_manager.records import Partition
from context_manager.store.postgres.queries import QUERIES
from context_manager.store.postgres.reading import FRESH, Reading
from context_manager.store.postgres.transaction import Place

PLACES = [Place("s", Partition("acme", name, "helper")) for name in ("ana", "ben")]

which = st.sampled_from([0, 1])
standbys = st.sampled_from([0, 1, 2])
"""How many standbys a change reaches at once."""

_MOMENT = ("within", "afterwards")


class Server:
    """A primary, or a standby of one: how many changes each user had at each place of the log."""

    def __init__(self, primary: Server | None = None) -> None:
        self.primary = primary
        self.log: list[tuple[int, ...]] = [(0, 0)]
        self.replayed = 0
        self.breaks = False

    def state(self) -> tuple[int, ...]:
        """What a transaction that begins now sees."""
        return self.log[-1] if self.primary is None else self.primary.log[self.replayed]


class Link:
    """What `Reading` uses of connections; each piece of work may come to another of the servers."""

    location = "postgresql://somewhere/memory"

    def __init__(self, *servers: Server) -> None:
        self.servers = list(servers)
        self.afterwards: list[Callable[[], Any]] = []

    def run(self, work: Callable[[Any], Any]) -> Any:
        self.servers.append(server := self.servers.pop(0))
        if server.breaks:
            server.breaks = False
            raise psycopg.OperationalError
        done = work(Talk(server))
        while self.afterwards:
            self.afterwards.pop()()
        return done

    def run_once(self, work: Callable[[Any], Any], timeout: float) -> Any:
        return self.run(work)


class Talk:
    """A connection that knows the few statements that matter here."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def pipeline(self) -> Any:
        return nullcontext()

    def execute(self, statement: str, values: Any = None, *, binary: bool = False) -> Answer:
        if statement.startswith("BEGIN"):
            self.seen = self.server.state()
        if statement == QUERIES["position"]:
            return Answer((len(self.server.log) - 1, 0))
        if statement == QUERIES["reached"]:
            return Answer((self.server.replayed, 0))
        return Answer(self.seen if statement == QUERIES["version"] else ())


class Answer(NamedTuple):
    """A cursor of one row."""

    row: tuple[Any, ...]

    def fetchone(self) -> tuple[Any, ...]:
        return self.row


class Reads(RuleBasedStateMachine):
    """One process that reads and writes, others that write, and two standbys."""

    def __init__(self) -> None:
        super().__init__()
        self.primary = Server()
        self.standbys = [Server(self.primary), Server(self.primary)]
        self.now = 0.0
        self.links = Link(self.primary), Link(*self.standbys)
        self.reading = Reading(*self.links, lambda: self.now, self._wait)  # type: ignore[arg-type]
        self.known = [0, 0]
        self.asked = [float("-inf")] * 2

    def _wait(self, seconds: float) -> None:
        self.now += seconds

    def _change(self, user: int, reaches: int = 0) -> None:
        state = list(self.primary.log[-1])
        state[user] += 1
        self.primary.log.append(tuple(state))
        for server in self.standbys[:reaches]:
            server.replayed = len(self.primary.log) - 1

    def _write(self, user: int, reaches: int = 0) -> None:
        self._change(user, reaches)
        self.reading.wrote(PLACES[user].partition)
        self.known[user] = self.primary.log[-1][user]

    def _read(
        self,
        user: int,
        *,
        newest: bool = False,
        within: Callable[[], Any] = int,
        afterwards: Callable[[], Any] = int,
    ) -> None:
        """Read, with something happening within the transaction, and before it is noted."""
        least, present = self.known[user], self.primary.log[-1][user]
        fresh = self.now - self.asked[user] < FRESH
        before, began = self.reading.counts()["primary"], self.now

        def ask(reader: Any) -> int:
            found = reader.ask("version").fetchone()[user]
            within()
            return int(found)

        for link in self.links:
            link.afterwards = [afterwards]
        found = self.reading.read(PLACES[user], ask, newest=newest)
        assert found >= least
        if newest or not fresh:
            assert found == present
        if self.reading.counts()["primary"] > before:
            self.asked[user] = max(began, self.asked[user])
        self.known[user] = max(self.known[user], found)

    @rule(user=which, reaches=standbys)
    def somebody_else_writes(self, user: int, reaches: int) -> None:
        self._change(user, reaches)

    @rule(user=which, reaches=standbys)
    def we_write(self, user: int, reaches: int) -> None:
        self._write(user, reaches)

    @rule(user=which, newest=st.booleans())
    def we_read(self, user: int, newest: bool) -> None:
        self._read(user, newest=newest)

    @rule(user=which, newest=st.booleans(), late=st.booleans())
    def we_write_while_we_read(self, user: int, newest: bool, late: bool) -> None:
        self._read(user, newest=newest, **{_MOMENT[late]: lambda: self._write(user)})
        self._read(user)

    @rule(user=which, newest=st.booleans(), late=st.booleans())
    def we_read_while_we_read(self, user: int, newest: bool, late: bool) -> None:
        def change_and_read() -> None:
            self._change(user)
            self._read(user, newest=True)

        self._read(user, newest=newest, **{_MOMENT[late]: change_and_read})
        self._read(user)

    @rule(standby=which)
    def a_standby_catches_up(self, standby: int) -> None:
        self.standbys[standby].replayed = len(self.primary.log) - 1

    @rule(standby=which)
    def a_standby_breaks_once(self, standby: int) -> None:
        self.standbys[standby].breaks = True

    @rule(seconds=st.sampled_from([0.4, 1.1]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def no_standby_is_ahead(self) -> None:
        assert all(server.replayed < len(self.primary.log) for server in self.standbys)


TestReads = Reads.TestCase


def test_a_standby_that_has_everything_answers_all_but_the_first_read() -> None:
    """So the machine above does not prove something of the primary alone."""
    machine = Reads()
    for _ in range(5):
        machine._read(0)
    assert machine.reading.counts() == {"standby": 4, "primary": 1, "behind": 0, "failed": 0}


def test_of_two_standbys_the_slower_one_shows_no_less_than_the_faster_did() -> None:
    machine = Reads()
    machine._read(0)
    for _ in range(3):
        machine._change(0, 1)
    for _ in range(4):
        machine._read(0)
    assert machine.known[0] == 3
    assert machine.reading.counts()["behind"] > 0


def test_a_write_while_the_primary_is_read_is_not_covered_by_that_read() -> None:
    machine = Reads()
    machine._read(0, afterwards=lambda: machine._write(0))
    machine._read(0)
    assert machine.reading.counts()["standby"] == 0


def test_what_the_primary_said_long_ago_lets_no_standby_answer() -> None:
    machine = Reads()
    machine._read(0)
    machine._change(0)
    machine.now += FRESH
    machine._read(0)
    assert machine.reading.counts()["standby"] == 0

"""Where a read is done: by the primary, or by a standby that is known to be far enough.

This file decides what a standby must have replayed before it may answer. Whatever the primary was
last seen to hold of a partition, by this process and within the last second, must be there; of
what was not asked for so lately, or was written since, the primary tells. So nobody reads less than
was acknowledged to this process, or than it has seen, and a standby that lags or is gone costs a
moment and never an answer.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import psycopg

from context_manager.forks import ForkSafeLock
from context_manager.records import Partition
from context_manager.store.postgres.connections import Connection, Connections
from context_manager.store.postgres.faults import translated
from context_manager.store.postgres.queries import QUERIES
from context_manager.store.postgres.reads import Reader
from context_manager.store.postgres.transaction import NOBODY, Place

T = TypeVar("T")

FRESH = 1.0
"""Seconds for which a standby may answer after the primary was asked about a partition."""

PATIENCE = 0.05
"""Seconds to wait for a standby: for a connection, and for what it has not replayed yet."""

REST = 1.0
"""Seconds for which a standby that could not answer is not asked."""

SILENCE = 5.0
"""Seconds after which a standby that takes a question and says nothing is taken for gone."""

_FIRST_PAUSE = 0.001

_REMEMBERED = 10_000
"""Partitions of which is known how far a standby must be; of others the primary is asked."""


LOOK = 5.0
"""Seconds to wait for a standby's connection where somebody wants to know how it is."""

_COUNTED = ("standby", "primary", "behind", "failed")

_POSITION, _REACHED = QUERIES["position"], QUERIES["reached"]

_Told = tuple[int | None, int]
"""How far a server is, in bytes of the log, and its fork; None for a server of the other kind."""


class _BehindError(Exception):
    """The standby has not replayed what it must."""


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """What a standby must have of a partition.

    Args:
        lsn: How much of the log, in bytes; None if only the primary knows.
        fork: What the primary's failovers add to every epoch.
        until: From when on only the primary knows.
    """

    lsn: int | None
    fork: int
    until: float

    def holds(self, now: float) -> bool:
        """Whether a standby may be asked."""
        return self.lsn is not None and now < self.until

    def is_reached(self, lsn: int | None) -> bool:
        """Whether a standby that is so far may answer."""
        return self.lsn is not None and lsn is not None and lsn >= self.lsn


@dataclass(frozen=True, slots=True)
class Standing:
    """How reading from a standby goes.

    Args:
        address: Where it is, without user and password.
        lag: Bytes of the log that it has not replayed; None if no standby answers there now.
        standby: Reads of this process that it answered.
        primary: Reads that the primary answered.
        behind: Those of them for which the standby was behind.
        failed: Those of them for which the standby was gone, or broke off.
    """

    address: str
    lag: int | None
    standby: int
    primary: int
    behind: int
    failed: int


class Reading:
    """Reads from one state of a server.

    Args:
        primary: Its connections.
        standby: Connections to the standbys; None if there is none to read from.
        clock: Seconds that never go back.
        pause: Waits so many seconds.
    """

    def __init__(
        self,
        primary: Connections,
        standby: Connections | None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._primary = primary
        self._standby = standby
        self._clock = clock
        self._pause = pause
        self._lock = ForkSafeLock()
        self._marks: OrderedDict[Partition, Mark] = OrderedDict()
        self._rests_until = float("-inf")
        self._counts: Counter[str] = Counter()

    def read(
        self,
        place: Place,
        ask: Callable[[Reader], T],
        enter: str = "enter",
        *,
        newest: bool = False,
    ) -> T:
        """The answer from one state.

        Args:
            place: Whose memory.
            ask: Asks for it; called again after an answer that was given up.
            enter: The statement that begins.
            newest: Ask the primary in any case: others may have written.
        """
        if self._standby is None:
            return self._primary.run(lambda c: _one_state(c, place, ask, enter)[0])
        began = self._clock()
        with self._lock:
            mark = self._marks.get(place.partition)
            resting = began < self._rests_until
        if mark is not None and mark.holds(began) and not (newest or resting):
            try:
                return self._from_standby(
                    self._standby, replace(place, fork=mark.fork), mark, ask, enter
                )
            except _BehindError:
                self._rest("behind")
            except psycopg.Error:
                self._rest("failed")
        return self._from_primary(place, mark, began, ask, enter)

    def wrote(self, partition: Partition) -> None:
        """A change was done, or may have been: only the primary knows how far that is."""
        if self._standby is not None:
            with self._lock:
                for whose in (partition, NOBODY):
                    self._set(whose, Mark(None, 0, self._clock() + FRESH))

    def standing(self) -> Standing | None:
        """How reading from a standby goes, asking both servers; None if there is no standby."""
        if self._standby is None:
            return None
        with translated(self._primary.location):
            end, _ = self._primary.run(lambda c: _told(c.execute(_POSITION, {"fork": 0})))
        try:
            reached, _ = self._standby.run_once(lambda c: _told(c.execute(_REACHED)), LOOK)
        except psycopg.Error:
            reached = None
        lag = None if end is None or reached is None else max(0, end - reached)
        return Standing(self._standby.location, lag, **self.counts())

    def counts(self) -> dict[str, int]:
        """How many reads were answered where, by the names of `Standing`; empty without standby."""
        if self._standby is None:
            return {}
        with self._lock:
            return {name: self._counts[name] for name in _COUNTED}

    def _from_standby(
        self, standby: Connections, place: Place, mark: Mark, ask: Callable[[Reader], T], enter: str
    ) -> T:
        def work(connection: Connection) -> tuple[T, _Told]:
            self._wait_for(connection, mark)
            return _one_state(connection, place, ask, enter, _REACHED)

        answer, (reached, _) = standby.run_once(work, PATIENCE)
        with self._lock:
            self._counts["standby"] += 1
            self._raise(place.partition, reached)
        return answer

    def _wait_for(self, connection: Connection, mark: Mark) -> None:
        """Return when the standby is far enough; looked at before the state that is read."""
        deadline = self._clock() + PATIENCE
        pause = _FIRST_PAUSE
        while True:
            reached, _ = _told(connection.execute(_REACHED))
            if mark.is_reached(reached):
                return
            if reached is None:
                connection.close()  # it was promoted: the next one may be another's
                raise _BehindError
            if self._clock() + pause > deadline:
                raise _BehindError
            self._pause(pause)
            pause *= 2

    def _from_primary(
        self, place: Place, mark: Mark | None, began: float, ask: Callable[[Reader], T], enter: str
    ) -> T:
        answer, (lsn, fork) = self._primary.run(
            lambda c: _one_state(c, place, ask, enter, _POSITION)
        )
        with self._lock:
            self._counts["primary"] += 1
            if self._marks.get(place.partition) is mark:
                self._set(place.partition, Mark(lsn, fork, began + FRESH))
            else:  # another was set meanwhile, perhaps by a write that this read has not seen
                self._raise(place.partition, lsn)
        return answer

    def _raise(self, partition: Partition, lsn: int | None) -> None:
        """From now on nobody may see less than was seen here."""
        mark = self._marks.get(partition)
        if mark is not None and mark.lsn is not None and lsn is not None and lsn > mark.lsn:
            self._set(partition, replace(mark, lsn=lsn))

    def _set(self, partition: Partition, mark: Mark) -> None:
        self._marks[partition] = mark
        self._marks.move_to_end(partition)
        if len(self._marks) > _REMEMBERED:
            self._marks.popitem(last=False)

    def _rest(self, why: str) -> None:
        with self._lock:
            self._counts[why] += 1
            self._rests_until = self._clock() + REST


def _one_state(
    connection: Connection,
    place: Place,
    ask: Callable[[Reader], T],
    enter: str,
    position: str = "",
) -> tuple[T, _Told]:
    """An answer from one state, and how far the server was after it, if that is asked."""
    told = None
    with connection.pipeline():
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(QUERIES[enter], place.values)
        answer = ask(Reader(connection, place))
        if position:
            told = connection.execute(position, place.values)
        connection.execute("COMMIT")
    return answer, (None, 0) if told is None else _told(told)


def _told(cursor: psycopg.Cursor[Any]) -> _Told:
    lsn, fork = cursor.fetchone() or (None, 0)
    return lsn, fork

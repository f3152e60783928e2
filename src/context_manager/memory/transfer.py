"""From one store to another, losing nothing: turns, entries, vectors, marks, the ledger.

Decides the order of copying and what is made anew (words are hashed with each store's own key).
It knows no back end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from context_manager.errors import StoreBusyError
from context_manager.memory.drafting import Drafter, new_id
from context_manager.memory.erasures import Erasures
from context_manager.memory.portable import BOOKS
from context_manager.records import MemoryEntry, Partition, Scope, Turn
from context_manager.store import Store
from context_manager.store.protocol import (
    Change,
    EntryDraft,
    EntryFilter,
    LedgerDraft,
    TurnDraft,
)

T = TypeVar("T")

GROUP = 500

TRIES = 8
"""How often a partition is read again because others wrote while it was read."""


def copy_all(source: Store, target: Store, count_tokens: Callable[[str], int], model: str) -> None:
    """Copy every partition.

    Args:
        source: Read only.
        target: Where everything is added.
        count_tokens: Tokens of a text, for what showing it costs.
        model: Fingerprint of the vectors that are taken along.

    Raises:
        StoreBusyError: Others write to the source too often.
    """
    drafter = Drafter(target.secret(), count_tokens)
    for partition in source.partitions(ledgers=True):
        changes = partial(_changes, source, partition, drafter, model)
        for change in steady(source, partition, changes):
            target.apply(partition, change)


def steady(store: Store, partition: Partition, read: Callable[[], Iterable[T]]) -> list[T]:
    """What is read of a partition, all of it as it was at one time.

    Args:
        store: Where it is.
        partition: Whose memory.
        read: Reads it; called again when something was written meanwhile.

    Raises:
        StoreBusyError: Others write too often.
    """
    for _ in range(TRIES):
        before = store.version(partition)
        found = list(read())
        if store.version(partition) == before:
            return found
    raise StoreBusyError("others write too often to read one state of this memory; try again")


def _changes(source: Store, partition: Partition, drafter: Drafter, model: str) -> Iterator[Change]:
    found = [entry for _, entry in source.find(partition, EntryFilter())]
    vectors = _vectors(source, partition, model)

    def draft(entry: MemoryEntry) -> EntryDraft:
        known = vectors.get(entry.id, ())
        return drafter.entry(entry, known, model if known else "")

    messages = {
        turn_id: [draft(entry) for entry in group]
        for turn_id, group in groupby(
            sorted((e for e in found if e.turn_id), key=attrgetter("turn_id", "place")),
            key=attrgetter("turn_id"),
        )
    }
    for scope in source.sessions(partition):
        yield from _session_changes(source, scope, messages)
    rest = [draft(entry) for entry in found if not entry.turn_id]
    for group in _groups(rest):
        yield Change(entries=tuple(group))
    yield Change(ledger=tuple(_ledger(source, partition)))


def _ledger(source: Store, partition: Partition) -> Iterator[LedgerDraft]:
    for book in BOOKS:
        for line in source.ledger(partition, book):
            yield LedgerDraft(book, line.name, line.body)
    yield from Erasures(source).keys(partition)


def placeholders(scope: Scope, turn: Turn, seq: int) -> list[TurnDraft]:
    """Turns without messages for the places from ``seq`` up to the turn's own: those of turns
    that were forgotten. So each turn keeps its place, and a window of recent turns its beginning.
    """
    empty = Turn("", "", 0, turn.timestamp)
    return [TurnDraft(scope, replace(empty, id=new_id("turn")), ()) for _ in range(seq, turn.seq)]


def _session_changes(
    source: Store, scope: Scope, messages: dict[str | None, list[EntryDraft]]
) -> Iterator[Change]:
    waiting = {turn.id for turn in source.unconsolidated(scope)}
    turns = source.turns(scope)
    for group in _groups(list(_in_place(scope, turns, messages))):
        yield Change(turns=tuple(group))
    done = tuple(turn.id for turn in turns if turn.id not in waiting)
    if done:
        yield Change(consolidated=done)


def _in_place(
    scope: Scope, turns: Iterable[Turn], messages: dict[str | None, list[EntryDraft]]
) -> Iterator[TurnDraft]:
    """The drafts of a session's turns, each in its place."""
    seq = 0
    for turn in turns:
        drafts = tuple(messages.get(turn.id, ()))
        if not drafts:  # it came while this was read, which is read again
            continue
        yield from placeholders(scope, turn, seq)
        yield TurnDraft(scope.narrowed(task_id=drafts[0].entry.scope.task_id), turn, drafts)
        seq = turn.seq + 1


def _vectors(source: Store, partition: Partition, model: str) -> dict[str, tuple[bytes, ...]]:
    """The vectors of each entry all of whose passages have one."""
    rows = source.rows(partition, model)
    ids = {row.key: row.id for row in rows.entries}
    found: dict[str, list[bytes | None]] = {}
    for row in rows.passages:
        found.setdefault(ids[row.entry_key], []).append(row.vector)
    return {
        key: tuple(vector for vector in known if vector is not None)
        for key, known in found.items()
        if None not in known
    }


def _groups(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + GROUP] for start in range(0, len(items), GROUP))

"""A fixed series of changes that makes a store take every step it knows, and how to compare stores.

Tests of crashes and faults run it, stop it somewhere, and ask which of its states is found.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from context_manager.records import Scope
from context_manager.store.memory import MemoryStore
from context_manager.store.protocol import (
    Change,
    EntryFilter,
    EntryUpdate,
    LedgerDraft,
    Store,
    VectorUpdate,
)
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import MODEL, exchange, note, vector

HOME = Scope("acme", "ann", "helper", "monday")
TUESDAY = replace(HOME, session_id="tuesday")
CANARY = "canary-7f3a91"

SERIES: tuple[Change, ...] = (
    Change(
        turns=(exchange("t0", "hello", f"{CANARY} hi"), exchange("t1", "how", "so", scope=TUESDAY)),
        entries=(replace(note("n0"), vectors=(vector(1, 0, 0),), model=MODEL),),
        key="first",
    ),
    Change(turns=(exchange("t2", "more", CANARY * 300),), ledger=(LedgerDraft("b", "x", "body"),)),
    Change(
        vectors=tuple(
            VectorUpdate(name, 0, vector(1, place + 1, 0), MODEL)
            for place, name in enumerate(("t0.0", "t0.1", "t2.0", "t2.1"))
        )
    ),
    Change(entries=(note("s0", source_ids=("t0.0", "t0.1")),), consolidated=("t0", "t1")),
    Change(
        updates=(
            EntryUpdate("s0", {"source_ids": ("t0.0",), "metadata": {"m": CANARY}}),
            EntryUpdate("n0", {"superseded_by": "s0", "importance": 0.9}),
        )
    ),
    Change(remove_entries=("t0.1", "s0"), entries=(note("s1", source_ids=("t0.0",)),)),
    Change(reopened=("t0",), ledger=(LedgerDraft("b", "x", "new", replace=True),)),
    Change(remove_turns=("t2",), strike=(("b", "x"),), key="seventh"),
    Change(drop_model=MODEL),
    Change(erase=True, entries=(note("n9", "begun again"),)),
)
"""Each changes something; the canary is gone after the eighth."""


def run(store: SQLiteStore, acknowledged: Callable[[int], None], first: int = 0) -> None:
    """Apply the series from number ``first`` on, scrubbing where something was removed."""
    for number, change in enumerate(SERIES):
        if number >= first:
            store.apply(HOME.partition, change)
            acknowledged(number)
            if change.remove_entries or change.remove_turns or change.erase:
                store.scrub()


def picture(store: Store) -> list[Any]:
    """Everything that can be read from a store, keys by their order, in a form that compares."""
    return [_picture_of(store, Scope(*partition)) for partition in store.partitions(ledgers=True)]


def pictures() -> list[list[Any]]:
    """What is found before the series and after each of its changes."""
    store = MemoryStore()
    found = [picture(store)]
    for change in SERIES:
        store.apply(HOME.partition, change)
        found.append(picture(store))
    return found


def note_down(path: Path) -> Callable[[int], None]:
    """An acknowledgement that outlives this process: one byte of the file for each change."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda number: (os.write(handle, b"x"), None)[1]


def _picture_of(store: Store, scope: Scope) -> list[Any]:
    partition = scope.partition
    rows = store.rows(partition, MODEL)
    found = store.find(partition, EntryFilter())
    age = {row.key: place for place, row in enumerate(rows.entries)}
    derived = [EntryFilter(source_id=entry.id) for _, entry in found]
    sessions = store.sessions(partition)
    return [
        partition,
        rows.version,
        [row[1:] for row in rows.entries],
        [(age[row.entry_key], *row[1:]) for row in rows.passages],
        [entry for _, entry in found],
        [store.turns(session) for session in sessions],
        [store.unconsolidated(session) for session in sessions],
        [[entry.id for _, entry in store.find(partition, where)] for where in derived],
        store.pending(partition, MODEL, 1000),
        [line[1:] for line in store.ledger(partition, "b")],
    ]

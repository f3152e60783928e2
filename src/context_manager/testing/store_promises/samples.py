"""Drafts, texts and ids that the promises are tried with, and how stores are compared.

This file decides what is stored in the tests; it promises nothing itself.
"""

from __future__ import annotations

import math
import struct
import threading
from dataclasses import replace
from typing import Any

from context_manager.records import MemoryEntry, Message, Scope, Turn
from context_manager.store.protocol import (
    EntryDraft,
    EntryFilter,
    PassageDraft,
    Store,
    TurnDraft,
)

HOME = Scope("acme", "ann", "helper", "monday")
HERE = HOME.partition
MODEL = "tiny/3"
BOOK = "book"

NASTY_TEXTS = (
    "plain",
    "",
    " \t\r\n ",
    "NUL \0 inside",
    "naïve café 東京 🧑‍🚀 \u202eright to left\u202c \ufeff e\u0301",
    "\U000e0041\U000e007f hidden tags \u200b\u2060",
    "'; DROP TABLE entries; -- \" ` % _ * ? :p {columns} \\",
    "a" * 200_000,
)
NASTY_IDS = ("u1", "u10", "U1", "u%", "u_", "u*", "ü1", "u\u0308" + "1", "../u1", "u1'--", "u1 ")


def vector(*numbers: float) -> bytes:
    """A packed vector of unit length in the direction given."""
    length = math.hypot(*numbers)
    return struct.pack(f"<{len(numbers)}f", *(number / length for number in numbers))


def note(identifier: str, text: str = "a note", scope: Scope = HOME, **fields: Any) -> EntryDraft:
    """A draft of a note of one passage."""
    entry = MemoryEntry(identifier, text, scope=scope, **fields)
    return EntryDraft(entry, (PassageDraft(0, len(text), b"\x01\x02", 3),))


def exchange(
    identifier: str, *texts: str, scope: Scope = HOME, timestamp: float = 5.0
) -> TurnDraft:
    """A draft of a turn: user and assistant by turns, one entry for each text."""
    roles = ("user", "assistant")
    messages = tuple(Message(roles[i % 2], text) for i, text in enumerate(texts))  # type: ignore[arg-type]
    turn = replace(Turn.of(messages, 7, timestamp), id=identifier, metadata={"n": 1}, priority=2.0)
    drafts = tuple(
        note(
            f"{identifier}.{place}",
            message.text,
            scope,
            kind="message",
            role=message.role,
            timestamp=timestamp,
        )
        for place, message in enumerate(messages)
    )
    return TurnDraft(scope, turn, drafts)


def ids(turns: list[Turn]) -> str:
    """The ids of the turns, run together."""
    return "".join(turn.id for turn in turns)


def picture(store: Store) -> list[Any]:
    """What every way of reading tells of the home scope, and who has anything."""
    return [*everything(store, HOME), store.partitions()]


def everything(store: Store, scope: Scope) -> list[Any]:
    """What every way of reading tells about the scope and its partition."""
    partition = scope.partition
    rows = store.rows(partition, MODEL)
    found = store.find(partition, EntryFilter())
    ids = [entry.id for _, entry in found]
    return [
        store.version(partition),
        list(rows.entries),
        list(rows.passages),
        found,
        store.entries(partition, ids),
        store.turns(scope),
        store.unconsolidated(scope),
        store.vectors(partition, ids, MODEL),
        store.sessions(partition),
        store.pending(partition, MODEL, 1000),
        sorted(store.models(partition).items()),
        store.ledger(partition, BOOK),
    ]


NOTHING: list[Any] = [[], [], [], [], [], [], {}, [], [], [], []]
"""What `everything` tells of a scope that holds nothing, after the version."""


def run_together(errors: list[BaseException], jobs: list[tuple[Any, int]]) -> None:
    """Run every job in a thread of its own, to the end; collect what they raise."""

    def guarded(job: Any, number: int) -> None:
        try:
            job(number)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

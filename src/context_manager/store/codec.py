"""How records become rows and rows records, and the checksum each row carries.

This file decides the value of every column; it knows no connection and no statement.
A checksum is a hash, keyed with the store's secret, of the row's content and of whose it is, so a
flipped byte and a row moved to another partition are both noticed, and nobody without the secret
can test a guess against it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from context_manager.errors import CorruptStoreError
from context_manager.records import MemoryEntry, Partition, Scope, Trust, Turn
from context_manager.store.assembly import TurnHead
from context_manager.store.intake import pack_metadata, unpack_metadata
from context_manager.store.protocol import EntryDraft, PassageDraft, TurnDraft

CHECKSUM_BYTES = 16

ENTRY_COLUMNS = (
    "id",
    "text",
    "metadata",
    "timestamp",
    "kind",
    "session_id",
    "task_id",
    "role",
    "name",
    "turn_id",
    "seq",
    "place",
    "trust",
    "importance",
    "source_ids",
    "expires_at",
    "valid_from",
    "valid_to",
    "superseded_by",
)
"""The columns of an entry that hold what `MemoryEntry` holds, in the order of the codec."""

Row = Sequence[Any]

_compact = json.JSONEncoder(separators=(",", ":")).encode


def entry_values(entry: MemoryEntry) -> tuple[Any, ...]:
    """The columns of an entry, in the order of ENTRY_COLUMNS."""
    return (
        entry.id,
        entry.text,
        pack_metadata(entry.metadata),
        float(entry.timestamp),
        entry.kind,
        entry.scope.session_id,
        entry.scope.task_id,
        entry.role,
        entry.name,
        entry.turn_id,
        entry.seq,
        entry.place,
        int(entry.trust),
        float(entry.importance),
        _compact(entry.source_ids) if entry.source_ids else "[]",
        _number(entry.expires_at),
        _number(entry.valid_from),
        _number(entry.valid_to),
        entry.superseded_by,
    )


_SESSION, _TASK = ENTRY_COLUMNS.index("session_id"), ENTRY_COLUMNS.index("task_id")
_TURN_ID, _SEQ, _PLACE = map(ENTRY_COLUMNS.index, ("turn_id", "seq", "place"))


def message_values(draft: TurnDraft, seq: int) -> list[tuple[EntryDraft, tuple[Any, ...]]]:
    """The messages of a turn, and the columns of each, with all that the turn decides in them."""
    found = []
    for place, item in enumerate(draft.entries):
        values = list(entry_values(item.entry))
        values[_SESSION], values[_TASK] = draft.scope.session_id, draft.scope.task_id
        values[_TURN_ID], values[_SEQ], values[_PLACE] = draft.turn.id, seq, place
        found.append((item, tuple(values)))
    return found


def entry_of(partition: Partition, row: Row) -> MemoryEntry:
    """The entry of a row of ENTRY_COLUMNS.

    Raises:
        CorruptStoreError: The row holds what was never written; the message names the entry.
    """
    try:
        return _entry(partition, row)
    except (TypeError, ValueError) as error:
        raise CorruptStoreError(
            f"entry {row[0]!r} of {tuple(partition)} is damaged ({error}); verify() names all such"
        ) from error


def _entry(partition: Partition, row: Row) -> MemoryEntry:
    identifier, text, metadata, timestamp, kind, session, task, role, name, turn_id = row[:10]
    seq, place, trust, importance, sources, *rest = row[10:]
    return MemoryEntry(
        identifier,
        text,
        None,
        unpack_metadata(metadata),
        timestamp,
        kind,
        _scope(partition, session, task),
        role,
        name,
        turn_id,
        seq,
        place,
        Trust(trust),
        importance,
        () if sources == "[]" else tuple(json.loads(sources)),
        *rest,
    )


def turn_values(session: str, turn: Turn, seq: int) -> tuple[Any, ...]:
    """The columns of a turn from id to metadata, without its mark of consolidation."""
    return (
        turn.id,
        session,
        seq,
        float(turn.timestamp),
        turn.token_count,
        float(turn.priority),
        pack_metadata(turn.metadata),
    )


def head_of(row: Row) -> TurnHead:
    """What is kept of a turn, from the columns that the turn queries select."""
    identifier, seq, timestamp, token_count, priority, metadata = row
    return TurnHead(identifier, seq, timestamp, token_count, priority, unpack_metadata(metadata))


def passage_values(draft: PassageDraft) -> tuple[Any, ...]:
    """The columns of a passage from start to words."""
    return (draft.start, draft.end, draft.tokens, draft.words)


def checksum(secret: bytes, partition: Partition, *values: Any) -> bytes:
    """The keyed hash of a row: of whose it is and of what it holds; bytes are best given last."""
    shown = [len(value) if isinstance(value, bytes) else value for value in values]
    content = _compact([*partition, *shown]).encode("ascii")
    hashed = blake2b(content, digest_size=CHECKSUM_BYTES, key=secret)
    for value in values:
        if isinstance(value, bytes):
            hashed.update(value)
    return hashed.digest()


def key_digest(secret: bytes, key: str) -> bytes:
    """The keyed hash under which an idempotency key is kept."""
    return blake2b(key.encode(), digest_size=CHECKSUM_BYTES, key=secret, person=b"key").digest()


@lru_cache(maxsize=4096)
def _scope(partition: Partition, session: str, task: str) -> Scope:
    return Scope(*partition, session, task)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)

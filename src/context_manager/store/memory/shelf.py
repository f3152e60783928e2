"""What the in-memory store keeps of one partition, and how it is read as rows.

This file decides the shape of what is kept; what may change it stands in `changing`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from context_manager.records import MemoryEntry
from context_manager.store.assembly import TurnHead
from context_manager.store.intake import (
    metadata_holds,
    unpack_metadata,
)
from context_manager.store.protocol import (
    Applied,
    EntryFilter,
    EntryRow,
    LedgerLine,
    PassageDraft,
    PassageRow,
    Version,
)

NEVER = Version(0, 0)
"""The version of a partition that was never written."""


@dataclass(slots=True)
class Kept:
    """One entry as it is kept: its metadata packed, its vectors by model and ordinal."""

    key: int
    entry: MemoryEntry
    metadata: str
    digest: bytes
    passages: tuple[PassageDraft, ...]
    change: int
    vectors: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def read(self) -> MemoryEntry:
        """The entry with metadata of its own."""
        return replace(self.entry, metadata=unpack_metadata(self.metadata))


@dataclass(slots=True)
class KeptTurn:
    """A turn as it is kept: its messages by id, its metadata packed."""

    session_id: str
    head: TurnHead
    metadata: str
    entries: list[str]
    consolidated: bool = False


@dataclass(slots=True)
class Session:
    """The turns of a session in order, and the seq of the next."""

    next_seq: int = 0
    turns: dict[str, KeptTurn] = field(default_factory=dict)


@dataclass(slots=True)
class Part:
    """Everything of one partition. Dicts keep the order of insertion, which is that of age."""

    version: Version = NEVER
    entries: dict[str, Kept] = field(default_factory=dict)
    turns: dict[str, KeptTurn] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    by_digest: dict[bytes, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    books: dict[str, dict[str, LedgerLine]] = field(default_factory=dict)
    done: dict[str, Applied] = field(default_factory=dict)


def entry_row(kept: Kept) -> EntryRow:
    """What ranking needs of the entry."""
    entry = kept.entry
    return EntryRow(
        kept.key,
        entry.id,
        entry.kind,
        entry.scope.session_id,
        entry.scope.task_id,
        entry.seq,
        entry.place,
        entry.timestamp,
        entry.role or "",
        int(entry.trust),
        entry.importance,
        entry.expires_at,
        entry.valid_from,
        entry.valid_to,
        entry.superseded_by is not None,
    )


def passage_rows(kept: Kept, model: str) -> list[PassageRow]:
    """What ranking needs of its passages."""
    vectors = kept.vectors.get(model, {})
    return [
        PassageRow(
            kept.key, ordinal, item.start, item.end, item.tokens, item.words, vectors.get(ordinal)
        )
        for ordinal, item in enumerate(kept.passages)
    ]


_MATCHES: dict[str, Callable[[Kept, Any], bool]] = {
    "kinds": lambda kept, wanted: kept.entry.kind in wanted,
    "session_id": lambda kept, wanted: kept.entry.scope.session_id == wanted,
    "task_id": lambda kept, wanted: kept.entry.scope.task_id == wanted,
    "turn_id": lambda kept, wanted: kept.entry.turn_id == wanted,
    "role": lambda kept, wanted: kept.entry.role == wanted,
    "since": lambda kept, wanted: kept.entry.timestamp >= wanted,
    "until": lambda kept, wanted: kept.entry.timestamp <= wanted,
    "source_id": lambda kept, wanted: wanted in kept.entry.source_ids,
    "digest": lambda kept, wanted: kept.digest == wanted != b"",
    "metadata": lambda kept, wanted: metadata_holds(kept.metadata, wanted),
}


def tests_of(where: EntryFilter) -> list[tuple[Callable[[Kept, Any], bool], Any]]:
    """What has to be asked of each entry; nothing is asked for a field that is left out."""
    wanted = ((test, getattr(where, name)) for name, test in _MATCHES.items())
    return [(test, value) for test, value in wanted if value is not None and value != {}]

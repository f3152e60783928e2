"""How a stored turn is put together again from its messages.

A turn's text is kept once, in the entries of its messages; this file decides how the turn is made
of them, the same way for every back end. It does no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from context_manager.records import MemoryEntry, Message, Turn


@dataclass(frozen=True, slots=True)
class TurnHead:
    """What is kept of a turn besides its messages; fields as on `Turn`."""

    id: str
    seq: int
    timestamp: float
    token_count: int
    priority: float
    metadata: dict[str, Any]


def assemble(heads: Iterable[TurnHead], entries: Iterable[MemoryEntry]) -> list[Turn]:
    """Turns in the order of their heads; those without a message are left out.

    Args:
        heads: Of one session, in order of seq.
        entries: The messages of these turns, in order of seq and place.
    """
    messages = {seq: list(group) for seq, group in groupby(entries, key=attrgetter("seq"))}
    return [_turn(head, messages[head.seq]) for head in heads if head.seq in messages]


def _turn(head: TurnHead, entries: Sequence[MemoryEntry]) -> Turn:
    messages = tuple(_message(entry, head.timestamp) for entry in entries)
    return replace(
        Turn.of(messages, head.token_count, head.timestamp),
        id=head.id,
        seq=head.seq,
        priority=head.priority,
        metadata=head.metadata,
    )


def _message(entry: MemoryEntry, turn_time: float) -> Message:
    return Message(
        entry.role or "user",
        entry.text,
        name=entry.name,
        timestamp=None if entry.timestamp == turn_time else entry.timestamp,
        metadata=entry.metadata,
        id=entry.id,
        trust=entry.trust,
    )

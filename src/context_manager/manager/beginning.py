"""What a prompt begins with: what is pinned, summaries of this session, its recent turns.

Decides which of them there are. They change as seldom as possible, so that a provider's cache can
reuse the beginning of the prompt before. What fits is decided in `context`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from context_manager.context import Piece, Plan, entry_piece, joined, turn_pieces
from context_manager.context.window import Window, window
from context_manager.manager import gathering, observing
from context_manager.manager.hearing import QUARANTINED
from context_manager.memory.drafting import label, speaker
from context_manager.memory.summary import MADE_AFTER
from context_manager.records import MemoryEntry, Turn
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

HELD_BACK = "[held back: looks like an order to the reader]"
"""Shown of a message that is quarantined."""


def planned(cm: ContextManager, plan: Plan, turns: Sequence[Turn], limit: int, now: float) -> Plan:
    """The plan with its beginning.

    Args:
        cm: The manager.
        plan: The rest of it.
        turns: The latest turns at hand, oldest first.
        limit: Tokens of the prompt.
        now: The present.
    """
    shown = _window(cm, limit, turns)
    groups = [turn_pieces(_held_back(turn)) for turn in turns]
    start = len(turns) if shown is None else sum(place < shown.start for place in _places(turns))
    before = sum(map(len, groups[:start]))
    recent = joined(groups)
    ends = accumulate(map(len, recent))
    return replace(
        plan,
        pinned=_pinned(cm, now),
        summaries=_summaries(cm, now, shown) if cm.config.memory.summaries else (),
        recent=recent,
        window=sum(end <= before for end in ends),
    )


def _pinned(cm: ContextManager, now: float) -> tuple[Piece, ...]:
    """What is pinned; a message keeps its speaker."""
    found = _in_force(cm, EntryFilter(kinds=("pinned",)), now)
    pieces = (
        entry_piece("pinned", entry, "pinned: always in the prompt", order)
        for order, entry in enumerate(found)
    )
    return tuple(
        piece if entry.role is None else piece._replace(speaker=speaker(entry))
        for piece, entry in zip(pieces, found, strict=True)
    )


def _in_force(cm: ContextManager, where: EntryFilter, now: float) -> list[MemoryEntry]:
    """The entries that match and may be shown, oldest first."""
    return [
        entry
        for _, entry in cm.archive.store.find(cm.scope.partition, where)
        if not (entry.expires_at is not None and entry.expires_at <= now)
        and QUARANTINED not in entry.metadata
    ]


def _window(cm: ContextManager, limit: int, turns: Sequence[Turn]) -> Window | None:
    memory = cm.config.memory
    sizes = observing.session_of(cm, cm.scope).sizes
    if any(turn.seq < 0 for turn in turns):
        sizes = tuple(zip(_places(turns), (turn.token_count for turn in turns), strict=True))
    return window(sizes, memory.recent_k, limit, memory.stm_capacity)


def _places(turns: Sequence[Turn]) -> list[int]:
    """The turns' places in their session; those that were never stored count from here."""
    places = [turn.seq for turn in turns]
    return list(range(len(turns))) if min(places, default=0) < 0 else places


def _summaries(cm: ContextManager, now: float, shown: Window | None) -> tuple[Piece, ...]:
    """Summaries of this session as they stood when the window began, newest first.

    So they change only when the window does, and the prompt keeps its beginning until then. The
    first ones need not wait for that.
    """
    where = EntryFilter(kinds=("summary",), session_id=cm.scope.session_id)
    found = [e for e in _in_force(cm, where, now) if e.metadata.get("level") != gathering.TOPIC]
    made = [_made_after(entry) for entry in found]
    since = math.inf if shown is None else max(shown.since, min(made, default=-1))
    then = [entry for entry, after in zip(found, made, strict=True) if after <= since]
    pieces = [
        entry_piece("summary", entry, "stands for turns that left the working set", order)._replace(
            speaker=label(entry)
        )
        for order, entry in enumerate(_standing(then))
    ]
    return tuple(reversed(pieces))


def _made_after(summary: MemoryEntry) -> int:
    """Place of the last turn said when a summary was made, -1 where that is not known."""
    place = summary.metadata.get(MADE_AFTER)
    return place if isinstance(place, int) else -1


def _standing(summaries: Sequence[MemoryEntry]) -> list[MemoryEntry]:
    """Those that none of the others has replaced."""
    ids = {summary.id for summary in summaries}
    return [summary for summary in summaries if summary.superseded_by not in ids]


def _held_back(turn: Turn) -> Turn:
    """The turn with a mark in place of what is quarantined."""
    if not any(QUARANTINED in message.metadata for message in turn.messages):
        return turn
    messages = [
        replace(message, text=HELD_BACK) if QUARANTINED in message.metadata else message
        for message in turn.messages
    ]
    return replace(turn, messages=tuple(messages))

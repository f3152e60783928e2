"""What was said and has changed since is shown with what holds now beside it.

Decides which pieces of a plan get such a note and what it says. Nothing that was said is altered
or hidden: the note follows it in brackets. Which facts ended which is decided in `memory.facts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from context_manager.context import Piece, Plan
from context_manager.context.pieces import day
from context_manager.memory.facts.book import Facts
from context_manager.records import MemoryEntry

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

MOST_NOTES = 3
"""Notes on one piece; a summary may tell of many things that have changed."""

CHANGED = "; part of it has changed since"


def with_changes(cm: ContextManager, plan: Plan, as_of: float | None) -> Plan:
    """The plan with notes on what has changed, as far as facts are kept.

    Args:
        cm: The manager.
        plan: All candidates.
        as_of: The time whose facts count; now when None.
    """
    if cm.config.facts == "off":
        return plan
    facts = cm.engine.facts(cm.scope.partition)
    if not facts.of_source:
        return plan

    def noted(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
        return tuple(_noted(cm, facts, piece, as_of) for piece in pieces)

    return replace(
        plan,
        summaries=noted(plan.summaries),
        recent=tuple(map(noted, plan.recent)),
        memories=noted(plan.memories),
    )


def until(plan: Plan, as_of: float | None) -> Plan:
    """The plan without what was said or made after a time; the pinned texts stay."""
    if as_of is None:
        return plan

    def earlier(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
        return tuple(p for p in pieces if p.timestamp is None or p.timestamp <= as_of)

    recent = tuple(turn for turn in map(earlier, plan.recent) if turn)
    window = max(0, len(recent) - (len(plan.recent) - plan.window))
    return replace(plan, summaries=earlier(plan.summaries), recent=recent, window=window)


def _noted(cm: ContextManager, facts: Facts, piece: Piece, as_of: float | None) -> Piece:
    ended = _ended(facts, piece, as_of)
    notes = list(
        dict.fromkeys(filter(None, (_note(facts, piece, entry, as_of) for entry in ended)))
    )
    if not notes:
        return piece
    notes = notes[-MOST_NOTES:]
    added = " " + " ".join(notes)
    return piece.saying(piece.text + added, piece.tokens + cm.count(added), CHANGED)


def _ended(facts: Facts, piece: Piece, as_of: float | None) -> list[MemoryEntry]:
    if piece.section == "summary":
        return facts.told_of(piece.text, as_of)
    return facts.changed(piece.entry_id or "", as_of)


def _note(facts: Facts, piece: Piece, ended: MemoryEntry, as_of: float | None) -> str:
    """What holds now in the place of an ended fact; "" where the piece itself says it."""
    following = facts.successor(ended, as_of)
    if following is None:
        return f"[not so since {day(ended.valid_to)}]" if ended.valid_to is not None else ""
    if piece.entry_id in following.source_ids:
        return ""
    since = following.timestamp if following.valid_from is None else following.valid_from
    return f"[since {day(since)}: {following.text}]"

"""A finished prompt as a list of messages, within the same budget.

Decides what leaves first where the framing of messages costs more than the prompt's own headings:
the least valuable memories, then the oldest recent turns, always whole, then summaries and pinned
texts. How a list is written is decided in `providers`. It knows no clock and no store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Protocol

from context_manager.context.pieces import Piece
from context_manager.context.providers import STYLES, Listed, Said
from context_manager.context.render import render
from context_manager.errors import BudgetError, InputError
from context_manager.records.parts import parts_of


class CountsLists(Protocol):
    """Counts message lists, with the providers' overheads, and cuts a text."""

    def count_tokens(self, text: Any) -> int:
        """Tokens of a text or of a list of messages."""
        ...

    def truncate_middle(self, text: str, n: int) -> str:
        """Head and tail of a text in at most ``n`` tokens."""
        ...


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The pieces of a prompt, ready to be written as messages.

    Args:
        pieces: What the prompt shows, in reading order.
        budget: Most tokens of the list.
        counter: Counts it.
    """

    pieces: tuple[Piece, ...]
    budget: int
    counter: CountsLists

    def __call__(self, style: str) -> Listed:
        """The list in a provider's shape; ``count_tokens`` of it is at most the budget.

        Raises:
            InputError: No such style.
            BudgetError: The input alone, framed as a message, exceeds the budget.
        """
        write = STYLES.get(style)
        if write is None:
            raise InputError(f"style must be one of {', '.join(STYLES)}, got {style!r}")
        kept = list(self.pieces)
        while True:
            made = write(_said(kept))
            needed = self.counter.count_tokens(made)
            if needed <= self.budget:
                return made
            fewer = _lighter(kept, needed - self.budget) or self._shorter(kept, needed)
            if fewer is None:
                raise BudgetError(self.budget, needed)
            kept = fewer

    def _shorter(self, kept: Sequence[Piece], needed: int) -> list[Piece] | None:
        """The input cut once more, where it was cut at the caller's wish before."""
        piece = kept[-1]
        room = self.counter.count_tokens(piece.text) - (needed - self.budget)
        if not piece.cut or room < 1:
            return None
        try:
            shorter = self.counter.truncate_middle(piece.text, room)
        except InputError:  # less room than the mark needs
            return None
        return [piece._replace(text=shorter)] if shorter != piece.text else None


def joined(groups: Sequence[tuple[Piece, ...]]) -> tuple[tuple[Piece, ...], ...]:
    """Recent turns, those that hold a call together with those that hold its result.

    They are shown together or not at all.
    """
    made: list[tuple[Piece, ...]] = []
    waiting: set[str] = set()
    for group in groups:
        parts = [parts_of(piece.message) for piece in group if piece.message is not None]
        answers = {part.answers for part in parts if part.answers}
        if made and waiting & answers:
            made[-1] = (*made[-1], *group)
        else:
            made.append(group)
            waiting = set()
        waiting |= {call.id for part in parts for call in part.calls}
    return tuple(made)


def _said(pieces: Sequence[Piece]) -> Said:
    by = {name: [p for p in pieces if p.section in name] for name in _BLOCKS}
    messages = tuple(
        replace(piece.message, text=piece.text)
        for piece in pieces
        if piece.section == "recent" and piece.message is not None
    )
    opening, memory = ("".join(render(by[name])) for name in _BLOCKS)
    return Said(opening, messages, memory, pieces[-1].text)


_BLOCKS = (("pinned", "summary"), ("memory",))


def _lighter(kept: list[Piece], over: int) -> list[Piece] | None:
    """The pieces without what is worth least, by about ``over`` tokens; None if nothing may go."""
    memories = [piece for piece in kept if piece.section == "memory"]
    if memories:
        dropped = _least(memories, over)
        return [piece for piece in kept if id(piece) not in dropped]
    recent = [piece for piece in kept if piece.section == "recent"]
    if recent:
        turns = [tuple(turn) for _, turn in groupby(recent, key=lambda piece: piece.turn_id)]
        oldest = {id(piece) for piece in joined(turns)[0]}
        return [piece for piece in kept if id(piece) not in oldest]
    return [*kept[:-2], kept[-1]] if len(kept) > 1 else None


def _least(memories: Sequence[Piece], over: int) -> set[int]:
    dropped = set()
    for piece in sorted(memories, key=lambda piece: piece.value / max(1, piece.tokens)):
        dropped.add(id(piece))
        over -= max(1, piece.tokens)
        if over <= 0:
            break
    return dropped

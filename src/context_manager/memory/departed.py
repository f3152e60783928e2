"""Turns that left the working set and are not let go of yet.

This file decides where such a turn is: fallen (waiting for a summary) or handed out (a summary is
being made of it). It also keeps the place of every turn in the conversation, since policies other
than first-in-first-out let turns leave out of order. It must not know why a turn left, and it
takes no lock: `ShortTermMemory` does.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import is_
from typing import TypeAlias

from context_manager.records import Turn

Key: TypeAlias = str | int


def key_of(turn: Turn) -> Key:
    """What tells turns apart: the id of a stored one, else the object itself."""
    return turn.id or id(turn)


def is_unwritten(turn: Turn) -> bool:
    """Whether a turn says something and no journal holds it."""
    return not turn.id and any(message.text.strip() for message in turn.messages)


def discard(held: deque[Turn] | list[Turn], keys: set[Key]) -> None:
    """Remove turns in place, since others may hold a reference to ``held``."""
    kept = [turn for turn in held if key_of(turn) not in keys]
    if len(kept) != len(held):
        held.clear()
        held.extend(kept)


def tokens_of(turns: Iterable[Turn]) -> int:
    """Sum of the turns' tokens."""
    return sum(turn.token_count for turn in turns)


def left_in_front(known: Sequence[Turn], held: Sequence[Turn]) -> int | None:
    """How many of the known turns are gone, where only the first are and others came behind them.

    None where anything else happened. Nearly always it is so, and cheap to tell.
    """
    if not known or not held:
        return len(known)
    left = next((at for at, turn in enumerate(known) if turn is held[0]), None)
    if left is None or len(known) - left > len(held):
        return None
    return left if all(map(is_, held, islice(known, left, None))) else None


class Departed:
    """The fallen and the handed-out turns of one session, and the order of them all."""

    def __init__(self) -> None:
        self.fallen: list[Turn] = []
        self.fallen_tokens = 0
        self.handed_out: list[Turn] = []
        self._places: dict[Key, int] = {}
        self._next = 0

    def __contains__(self, turn: Turn) -> bool:
        """Whether this turn has arrived, wherever it is now."""
        return key_of(turn) in self._places

    def place(self, turn: Turn) -> int:
        """The turn's place in the conversation."""
        return self._places[key_of(turn)]

    def arrive(self, turns: Iterable[Turn]) -> None:
        """Give each turn the next place; one that had left is back in the working set."""
        back: set[Key] = set()
        for turn in turns:
            if turn in self:
                back.add(key_of(turn))
            else:
                self._places[key_of(turn)] = self._next
                self._next += 1
        if back:
            self._take(back)

    def fall(self, turns: Iterable[Turn]) -> None:
        """Note that these turns left the working set."""
        for turn in turns:
            insort(self.fallen, turn, key=self.place)
            self.fallen_tokens += turn.token_count

    def exchange(self, held: Turn, stored: Turn) -> None:
        """Let a stored turn have the place of the one that is held."""
        if held in self:
            self._places[key_of(stored)] = self._places.pop(key_of(held))
        for turns in (self.fallen, self.handed_out):
            turns[:] = [stored if turn is held else turn for turn in turns]
        self.fallen_tokens = tokens_of(self.fallen)

    def hand_out(self, turns: list[Turn]) -> None:
        """Move turns, fallen or not, to those that are being summarised."""
        self._take({key_of(turn) for turn in turns})
        self.handed_out += turns

    def hand_back(self, keys: set[Key]) -> None:
        """Move handed-out turns with these keys back to the fallen ones."""
        back = [turn for turn in self.handed_out if key_of(turn) in keys]
        discard(self.handed_out, keys)
        self.fall(back)

    def let_go(self, keys: set[Key]) -> int:
        """Drop the turns with these keys, their places too; how many had arrived."""
        self._take(keys)
        return sum(self._places.pop(key, None) is not None for key in keys)

    def in_order(self, turns: Iterable[Turn]) -> list[Turn]:
        """The turns in conversation order."""
        return sorted(turns, key=self.place)

    def _take(self, keys: set[Key]) -> None:
        discard(self.fallen, keys)
        discard(self.handed_out, keys)
        self.fallen_tokens = tokens_of(self.fallen)

"""Which candidate only says again what the prompt says already.

Two pieces repeat each other when the same speaker said the same words: case, accents, punctuation
and a few fillers apart. Every number, name and negation has to be the same, so that a corrected
figure is never taken for a repetition. What nobody said (notes, facts, documents, pins) is compared
by its text alone, and a text from outside never stands in for one of the user's. Knows no scores.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from context_manager.context.pieces import Piece
from context_manager.records import Trust
from context_manager.retrieval.analysis import normalise

FILLERS = frozenset(("a", "ah", "an", "hey", "oh", "ok", "okay", "please", "so", "the", "well"))
"""Words with which a repeated text may differ."""

_SAID = re.compile(r"\w+(?:[.,:/'-]\w+)*|[^\w\s\x00-\x7f]")
"""Words with what joins them, and signs that may carry meaning, such as emoji."""

_LONG = re.compile(r"[a-z]{7,}")
"""Longer than any filler: two texts with one gist have these in common, in order."""

Gist: TypeAlias = tuple[bool, str, tuple[str, ...] | str]
Clue: TypeAlias = int


class Repeats:
    """What is said so far. A piece's gist is only taken where another one has the same clue.

    Args:
        pieces: What is shown already.
    """

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self._shown: list[Piece] = []
        self._unread = list(pieces)
        self._clues: set[Clue] = set()

    def add(self, piece: Piece) -> None:
        """Take note of a piece that is shown."""
        self._unread.append(piece)

    def first(self, piece: Piece) -> str | None:
        """The id of the shown entry that a piece repeats."""
        return next((first for _, first in self.among([piece])), None)

    def among(self, pieces: Sequence[Piece]) -> list[tuple[Piece, str]]:
        """The pieces that repeat what is shown or an earlier one of them, each with whom."""
        self._read()
        counts = Counter(map(_clue, pieces))
        alike = {each for each, n in counts.items() if n > 1 or each in self._clues}
        if not alike:
            return []
        said: dict[Gist, str] = {}
        for piece in self._shown:
            if _clue(piece) in alike:
                said.setdefault(gist(piece), piece.entry_id or "")
        found = []
        for piece in pieces:
            if _clue(piece) in alike:
                first = said.setdefault(gist(piece), piece.entry_id or "")
                if first != (piece.entry_id or ""):
                    found.append((piece, first))
        return found

    def _read(self) -> None:
        """Take the clues of what is shown; not before somebody asks, since often nobody does."""
        for piece in self._unread:
            if piece.entry_id:
                self._shown.append(piece)
                self._clues.add(_clue(piece))
        self._unread.clear()


def _clue(piece: Piece) -> Clue:
    return clue(piece.text) if piece.clue is None else piece.clue


def clue(text: str) -> Clue:
    """A number that every text has that says the same."""
    return hash(tuple(_LONG.findall(normalise(text).casefold())))


def gist(piece: Piece) -> Gist:
    """What two pieces have in common when one repeats the other."""
    said = _SAID.findall(normalise(piece.text).casefold())
    told = tuple([word for word in said if word not in FILLERS])
    outside = piece.trust is not None and piece.trust <= Trust.EXTERNAL
    speaker = piece.speaker.casefold() if piece.kind == "message" else ""
    return outside, speaker, told or piece.text.strip().casefold()

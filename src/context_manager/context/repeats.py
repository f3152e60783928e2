"""Which candidate only says again what the prompt says already.

Two pieces repeat each other when the same speaker said the same words: case, accents, punctuation
and a few fillers apart. Every number, name and negation has to be the same, so that a corrected
figure is never taken for a repetition. What nobody said (notes, facts, documents, pins) is compared
by its text alone, and a text from outside never stands in for one of the user's. Knows no scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
Clue: TypeAlias = tuple[str, ...]


class Repeats:
    """What is said so far. A piece's gist is only taken where another one has the same clue.

    Args:
        pieces: What is shown already.
    """

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self._clues: dict[int, tuple[Piece, Clue]] = {}  # by id; the piece is held meanwhile
        self._shown: dict[Clue, list[Piece]] = {}
        self._unread = list(pieces)

    def now(self, pieces: Iterable[Piece]) -> Repeats:
        """What is said when these pieces are shown; what was read of them is not read again."""
        other = Repeats(pieces)
        other._clues = self._clues
        return other

    def add(self, piece: Piece) -> None:
        """Take note of a piece that is shown."""
        self._unread.append(piece)

    @property
    def _said(self) -> Mapping[Clue, Sequence[Piece]]:
        """What is shown by its clue; read when somebody asks, since often nobody does."""
        for piece in self._unread:
            if piece.entry_id:
                self._shown.setdefault(self._clue(piece), []).append(piece)
        self._unread.clear()
        return self._shown

    def first(self, piece: Piece) -> str | None:
        """The id of the shown entry that a piece repeats."""
        alike = self._said.get(self._clue(piece), ())
        if not alike:
            return None
        own = gist(piece)
        return next((other.entry_id for other in alike if gist(other) == own), None)

    def among(self, pieces: Sequence[Piece]) -> list[tuple[Piece, str]]:
        """The pieces that repeat what is shown or an earlier one of them, each with whom."""
        by_clue: dict[Clue, list[Piece]] = {}
        for piece in pieces:
            by_clue.setdefault(self._clue(piece), []).append(piece)
        found: dict[int, str] = {}
        said_before = self._said
        for clue, alike in by_clue.items():
            shown = said_before.get(clue, ())
            if len(alike) + len(shown) == 1:
                continue
            said: dict[Gist, str] = {}
            for piece in shown:
                said.setdefault(gist(piece), piece.entry_id or "")
            for piece in alike:
                first = said.setdefault(gist(piece), piece.entry_id or "")
                if first != (piece.entry_id or ""):
                    found[id(piece)] = first
        return [(piece, found[id(piece)]) for piece in pieces if id(piece) in found]

    def _clue(self, piece: Piece) -> Clue:
        known = self._clues.get(id(piece))
        if known is None:
            said = tuple(_LONG.findall(normalise(piece.text).casefold()))
            known = self._clues[id(piece)] = piece, said
        return known[1]


def gist(piece: Piece) -> Gist:
    """What two pieces have in common when one repeats the other."""
    said = _SAID.findall(normalise(piece.text).casefold())
    told = tuple([word for word in said if word not in FILLERS])
    outside = piece.trust is not None and piece.trust <= Trust.EXTERNAL
    speaker = piece.speaker.casefold() if piece.kind == "message" else ""
    return outside, speaker, told or piece.text.strip().casefold()

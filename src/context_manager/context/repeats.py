"""Which candidate only says again what the prompt says already.

Two pieces repeat each other when the same speaker said the same words: case, accents, punctuation
and a few fillers apart. Every number, name and negation has to be the same, so that a corrected
figure is never taken for a repetition. What nobody said (notes, facts, documents, pins) is compared
by its text alone, and a text from outside never stands in for one of the user's. Knows no scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from context_manager.context.pieces import Piece
from context_manager.records import Trust
from context_manager.retrieval.analysis import normalise

FILLERS = frozenset(("a", "ah", "an", "hey", "oh", "ok", "okay", "please", "so", "the", "well"))
"""Words with which a repeated text may differ."""

_SAID = re.compile(r"\w+(?:[.,:/'-]\w+)*|[^\w\s\x00-\x7f]")
"""Words with what joins them, and signs that may carry meaning, such as emoji."""

Gist: TypeAlias = tuple[bool, str, tuple[str, ...] | str]


class Repeats:
    """What is said so far, by its gist.

    Args:
        pieces: What is shown already.
    """

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self._said: dict[Gist, str] = {}
        self._gists: dict[int, tuple[Piece, Gist]] = {}  # by id; the piece is held meanwhile
        for piece in pieces:
            self.add(piece)

    def now(self, pieces: Iterable[Piece]) -> Repeats:
        """What is said when these pieces are shown; what was read of them is not read again."""
        other = Repeats()
        other._gists = self._gists
        for piece in pieces:
            other.add(piece)
        return other

    def add(self, piece: Piece) -> None:
        """Take note of a piece that is shown."""
        if piece.entry_id:
            self._said.setdefault(self._gist(piece), piece.entry_id)

    def first(self, piece: Piece) -> str | None:
        """The id of the shown entry that a piece repeats."""
        return self._said.get(self._gist(piece))

    def among(self, pieces: Sequence[Piece]) -> list[tuple[Piece, str]]:
        """The pieces that repeat what is shown or an earlier one of them, each with whom."""
        said = dict(self._said)
        found = []
        for piece in pieces:
            own = piece.entry_id or ""
            first = said.setdefault(self._gist(piece), own)
            if first != own:
                found.append((piece, first))
        return found

    def _gist(self, piece: Piece) -> Gist:
        known = self._gists.get(id(piece))
        if known is None:
            known = self._gists[id(piece)] = piece, gist(piece)
        return known[1]


def gist(piece: Piece) -> Gist:
    """What two pieces have in common when one repeats the other."""
    said = _SAID.findall(normalise(piece.text).casefold())
    told = tuple([word for word in said if word not in FILLERS])
    outside = piece.trust is not None and piece.trust <= Trust.EXTERNAL
    speaker = piece.speaker.casefold() if piece.kind == "message" else ""
    return outside, speaker, told or piece.text.strip().casefold()

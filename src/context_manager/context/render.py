"""From pieces to text. Decides headings, separators and fences; chooses and counts nothing.

Every piece becomes one part; the parts joined are the prompt. What stands before a piece (heading,
group heading, opening fence) belongs to its part, and the closing fence to the part of the last
piece inside it, so that each token of the prompt is some slot's cost.
"""

from __future__ import annotations

from collections.abc import Sequence

from context_manager.context.fence import CLOSE, HEADINGS, OPEN, escaper
from context_manager.context.pieces import SECTIONS, Piece

FENCED = frozenset({"summary", "memory"})
_RANK = {section: rank for rank, section in enumerate(SECTIONS)}


def reading_order(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces as they are read: by section, then by their own order."""
    return sorted(pieces, key=lambda piece: (_RANK[piece.section], piece.order))


def render(pieces: Sequence[Piece]) -> list[str]:
    """The part of each piece, for pieces in reading order; joined they are the prompt."""
    return Renderer().render(pieces)


class Renderer:
    """Renders prompt after prompt that have most pieces in common; each line is made once."""

    def __init__(self) -> None:
        self._speakers: frozenset[str] = frozenset()
        self._escape = escaper()
        self._lines: dict[int, str] = {}  # by the piece's id
        self._held: list[Piece] = []  # so that an id stays its piece's

    def render(self, pieces: Sequence[Piece]) -> list[str]:
        """The part of each piece, for pieces in reading order; joined they are the prompt."""
        speakers = frozenset(piece.speaker for piece in pieces)
        if speakers != self._speakers:
            self._speakers, self._escape, self._lines = speakers, escaper(speakers), {}
        parts: list[str] = []
        lines = self._lines
        before: Piece | None = None
        for piece in pieces:  # hundreds, several times for each prompt
            within = before is not None and piece.section == before.section
            if within and piece.part and before is not None and piece.group == before.group:
                parts.append(piece.part)
                before = piece
                continue
            known = piece.part[1:] or lines.get(id(piece))
            if known is None:
                known = lines[id(piece)] = self._made(piece)
                self._held.append(piece)
            if before is not None and not within and before.section in FENCED:
                parts[-1] += _CLOSING
            parts.append(_opening(piece, before) + known)
            before = piece
        if before is not None and before.section in FENCED:
            parts[-1] += _CLOSING
        return parts

    def _made(self, piece: Piece) -> str:
        if piece.section == "input":
            return piece.text
        text = self._escape(piece.text)
        return f"{piece.speaker}: {text}" if piece.speaker else text


_CLOSING = "\n" + CLOSE


def _opening(piece: Piece, before: Piece | None) -> str:
    heading = HEADINGS[piece.section]
    if before is None or before.section != piece.section:
        opening = ("" if before is None else "\n\n") + heading
        if piece.section == "input":
            return opening + " "
        opening += "\n" + OPEN if piece.section in FENCED else ""
    else:
        opening = ""
        if piece.group == before.group:
            return "\n"
    return f"{opening}\n{piece.group}\n" if piece.group else f"{opening}\n"

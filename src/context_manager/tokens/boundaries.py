"""Decides where a text may be cut so that the parts can be counted one by one.

A *boundary* is a position at which the count of the whole equals the count of the left part plus
the count of the right part, for every text around it. A *cut* is a boundary, or, where none stands
within `LIMIT` characters, a forced position: behind the last line end among them, or else behind
the last of them. All cuts to the left of a position depend only on the text to the left of it, so
they survive whatever is appended later.

This file knows characters only. It must not know ranks, models or budgets.

Why the boundaries hold. Byte pair encoding runs inside pieces, and the pieces come from a regular
expression that is matched from left to right without looking back. A position is therefore a
boundary when no piece can reach across it and no piece before it looks at what follows. In both
bundled expressions (and in ours for unknown models):

- a piece holds a space or a tab only as its first character or in a run of white space, so no
  piece goes from a visible character to a space or tab;
- nothing but "/" and further line ends may follow a line end inside a piece;
- a piece that ends in a letter or digit can be continued by letters, marks, digits or an
  apostrophe, never by other punctuation; and letters and digits never share a piece.

The classes of letters below are fixed ranges, not ``str.isalpha``, so that the same text has the
same boundaries under every Python and its version of Unicode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LIMIT = 4096
"""The longest part, in characters, that is ever handed to a tokenizer at once."""

_LETTER = "A-Za-zÀ-ÖØ-öø-ɏА-яぁ-ゖァ-ヺ一-鿯가-힣"
_MARK = r"!-&(-/:-@\[-`{-~、。，．：；！？「」『』（）《》【】…"  # no apostrophe: it joins "it's"

_BOUNDARY = (
    r"(?<=\S)(?=[ \t])"
    r"|(?<=[\r\n])(?=[^\s/])"
    rf"|(?<=[0-9{_LETTER}])(?=[{_MARK}])"
    r"|(?<=[A-Za-z])(?=[0-9])"
    r"|(?<=[0-9])(?=[A-Za-z])"
)
_LINE_START = re.compile(r"(?<=[\r\n])(?=[^\s/])")
# The greedy dot jumps to the end and steps back, so this finds the last boundary.
_LAST = re.compile(rf"(?s:.*)(?:{_BOUNDARY})")


def last_boundary(text: str, start: int, end: int) -> int | None:
    """Return the last boundary ``p`` with ``start < p <= end``, or None.

    Args:
        text: Any text.
        start: Position after which to look.
        end: Last position to consider; a boundary needs a character on both sides, so the end of
            the text itself is never one.
    """
    found = _LAST.match(text, start + 1, min(end + 1, len(text)))
    return found.end() if found else None


def line_starts(text: str) -> list[int]:
    """Return the boundaries that stand behind a line end."""
    return [found.end() for found in _LINE_START.finditer(text)]


def cuts(text: str, start: int = 0) -> Iterator[int]:
    """Yield ends of parts of at most `LIMIT` characters, the last one ``len(text)``.

    Args:
        text: Any text.
        start: Where the first part begins; must be 0 or an earlier cut for counts to add up.

    Yields:
        Increasing positions; nothing when ``start`` is the end of the text.
    """
    while len(text) - start > LIMIT:
        end = start + LIMIT
        start = last_boundary(text, start, end) or text.rfind("\n", start, end) + 1 or end
        yield start
    if start < len(text):
        yield len(text)

"""Decides what a character is: which text is valid, and where a cut would break one.

This file knows no tokens.
"""

from __future__ import annotations

import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_FARTHEST = 32
"""No cut is moved by more code points than this; longer clusters are broken."""

_JOINER = "\u200d"


def valid_text(text: str) -> str:
    """Return ``text`` with every surrogate code point replaced by U+FFFD, one for one.

    Such code points have no UTF-8 form, so no provider could receive them. All else stays as it
    is, NUL and other control characters too, so positions stay what they were.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(_REPLACEMENT, text)
    return text


def previous_whole_cut(text: str, position: int, start: int = 0) -> int:
    """Return the last position from ``start`` to ``position`` where a cut breaks no character.

    A character is what a reader sees as one: a letter with its combining marks, an emoji sequence,
    a flag, a line end of two code points. This follows Unicode Standard Annex 29 for those, not
    for Hangul written in single jamo. ``start`` counts as such a position. A cluster that reaches
    back by more than 32 code points is broken at ``position``.
    """
    lowest = max(start, position - _FARTHEST)
    for cut in range(position, lowest - 1, -1):
        if cut == start or not _joined(text, cut):
            return cut
    return position


def next_whole_cut(text: str, position: int) -> int:
    """Return the first position from ``position`` on where a cut breaks no character.

    A cluster that goes on for more than 32 code points is broken at ``position``.
    """
    for cut in range(position, min(len(text), position + _FARTHEST) + 1):
        if not _joined(text, cut):
            return cut
    return position


def _joined(text: str, cut: int) -> bool:
    """Tell whether the code points before and after ``cut`` belong to one character."""
    if cut == 0 or cut == len(text):
        return False
    before, after = text[cut - 1], text[cut]
    if after < "\u0300":
        return before == "\r" and after == "\n"
    if after == _JOINER or before == _JOINER or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    if _is_flag_half(after):
        return _flag_halves_before(text, cut) % 2 == 1
    return unicodedata.category(after) in ("Mn", "Mc", "Me") or _is_tag(after)


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"


def _flag_halves_before(text: str, cut: int) -> int:
    lowest = max(0, cut - _FARTHEST)
    run = 0
    while cut - run > lowest and _is_flag_half(text[cut - run - 1]):
        run += 1
    return run

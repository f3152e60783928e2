"""The line of a value inside a JSON text. Decides nothing; called only to word an error.

The standard parser keeps no positions, so the path is walked once more, skipping whole values.
"""

from __future__ import annotations

import re
from json.decoder import JSONDecoder

_DECODER = JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    """Line, counted from 1, on which the value at ``path`` begins.

    Args:
        text: One whole JSON value.
        path: Keys and indices; where the text has no such value, the innermost one that exists
            is located.
    """
    at = _skip(text, 0)
    for step in path:
        inner = _member(text, at, step) if isinstance(step, str) else _element(text, at, step)
        if inner is None:
            break
        at = inner
    return text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _member(text: str, at: int, key: str) -> int | None:
    """Where the last value of ``key`` begins, for the last of equal keys is the one that counts."""
    found = None
    if text[at] != "{":
        return None
    at = _skip(text, at + 1)
    while text[at] == '"':
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if name == key:
            found = at
        at = _after_comma(text, at)
    return found


def _element(text: str, at: int, index: int) -> int | None:
    if text[at] != "[":
        return None
    at = _skip(text, at + 1)
    for _ in range(index):
        if text[at] == "]":
            return None
        at = _after_comma(text, at)
    return None if text[at] == "]" else at


def _after_comma(text: str, at: int) -> int:
    """Past the value at ``at`` and the comma that may follow it."""
    _, at = _DECODER.raw_decode(text, at)
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at

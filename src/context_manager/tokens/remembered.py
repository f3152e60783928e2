"""Counts of texts that come again and again: the lines of prompts.

Decides what is remembered: counts by the text's hash with a key of this process, never the text, so
that nothing here tells what was counted, and nobody can make two texts with one hash. It knows no
prompt.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

from context_manager.generations import Generations

CAPACITY = 32_768
"""Lines remembered of an encoding, about 6 MB; what was not asked for lately goes."""

_SALT = "" if os.environ.get("PYTHONHASHSEED", "random") == "random" else os.urandom(32).hex()
"""Where Python's own key is a known one."""


Line: TypeAlias = tuple[int, int, int, int | None]
"""What a text costs, and what of it stays when more is appended: tokens before the open text, for
good; characters of the open text, which is what stands behind the last boundary; tokens of all of
it; tokens with a line end behind it, None where the open text is too long to tell."""


class RememberedLines:
    """Lines counted by one encoding, whose counts depend on the text alone.

    Args:
        capacity: Lines remembered at most.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._lines: Generations[int, Line] = Generations(capacity)

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, text: str, count: Callable[[str], Line]) -> Line:
        """What a text costs; ``count`` is asked where that is not remembered."""
        return self._found(~hash(_SALT + text), text, count)

    def behind(self, line: str, count: Callable[[str], Line]) -> Line:
        """What a line costs that is given with the line end before it."""
        return self._found(hash(_SALT + line), line[1:], count)

    def _found(self, key: int, text: str, count: Callable[[str], Line]) -> Line:
        known = self._lines.get(key)
        if known is None:
            known = count(text)
            if known[3] is not None:
                self._lines.keep(key, known)
        return known


_of_encodings: dict[str, RememberedLines] = {}


def remembered(encoding: str) -> RememberedLines:
    """The remembered lines of an encoding, shared by all that count with it."""
    return _of_encodings.setdefault(encoding, RememberedLines())

"""Counts of short texts that come again and again, such as the lines of prompts.

Decides what is remembered: a count by the text's keyed hash, never the text, with a key of this
process, so that nothing here tells what was counted. It knows no prompt.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from context_manager.tokens.protocol import Tokenizer

CAPACITY = 32_768
"""Counts and lines remembered of an encoding, about 6 MB; what was not asked for lately goes."""

SHORT = 24
"""Characters below which counting is about as fast as looking up."""

_KEY = os.urandom(32)


class Line(NamedTuple):
    """What a text costs, and what of it stays when more is appended.

    Args:
        settled: Tokens before the open text, for good.
        open_text: What stands behind the last boundary.
        total: Tokens of all of it.
        closed: Tokens with a line end behind it; None where the open text is too long to tell.
    """

    settled: int
    open_text: str
    total: int
    closed: int | None


_Figures: TypeAlias = tuple[int, ...]


class RememberedCounts:
    """Counts like a tokenizer whose counts depend on the text alone.

    Args:
        tokenizer: What counts.
        capacity: Counts remembered at most.
    """

    def __init__(self, tokenizer: Tokenizer, capacity: int = CAPACITY) -> None:
        self._tokenizer = tokenizer
        self._half = max(1, capacity // 2)
        self._young: dict[bytes, _Figures] = {}
        self._old: dict[bytes, _Figures] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def count(self, text: str) -> int:
        """The number of tokens of ``text``."""
        if len(text) < SHORT:
            return self._tokenizer.count(text)
        key = _key(text)
        known = self._known(key)
        if known is None:
            known = self._keep(key, (self._tokenizer.count(text),))
        return known[0]

    def line(self, text: str, count: Callable[[str], Line]) -> Line:
        """What a line costs; ``count`` is asked where that is not remembered."""
        if len(text) < SHORT:
            return count(text)
        key = _key(text, b"line")
        known = self._known(key)
        if known is None:
            line = count(text)
            if line.closed is not None:
                self._keep(key, (line.settled, len(line.open_text), line.total, line.closed))
            return line
        settled, behind, total, closed = known
        return Line(settled, text[len(text) - behind :], total, closed)

    def _known(self, key: bytes) -> _Figures | None:
        known = self._young.get(key)
        if known is None:
            known = self._old.get(key)
            if known is not None:
                self._keep(key, known)
        return known

    def _keep(self, key: bytes, figures: _Figures) -> _Figures:
        """Without a lock: what two threads lose to each other here is counted once more."""
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = figures
        return figures


def _key(text: str, person: bytes = b"") -> bytes:
    """Of a text, and of the kind of figures remembered of it."""
    said = text.encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=16, key=_KEY, person=person).digest()


_of_encodings: dict[str, RememberedCounts] = {}


def remembered(tokenizer: Tokenizer) -> RememberedCounts:
    """The remembered counts of an encoding, shared by all that count with it."""
    return _of_encodings.setdefault(tokenizer.name, RememberedCounts(tokenizer))

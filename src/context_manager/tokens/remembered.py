"""Counts of short texts that come again and again, such as the lines of prompts.

Decides what is remembered: a count by the text's keyed hash, never the text, with a key of this
process, so that nothing here tells what was counted. It knows no prompt.
"""

from __future__ import annotations

import os
from hashlib import blake2b

from context_manager.tokens.protocol import Tokenizer

CAPACITY = 32_768
"""Counts remembered of an encoding, about 4 MB; what was not asked for lately is dropped."""

SHORT = 24
"""Characters below which counting is about as fast as looking up."""

_KEY = os.urandom(32)


class RememberedCounts:
    """Counts like a tokenizer whose counts depend on the text alone.

    Args:
        tokenizer: What counts.
        capacity: Counts remembered at most.
    """

    def __init__(self, tokenizer: Tokenizer, capacity: int = CAPACITY) -> None:
        self._tokenizer = tokenizer
        self._half = max(1, capacity // 2)
        self._young: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def count(self, text: str) -> int:
        """The number of tokens of ``text``."""
        if len(text) < SHORT:
            return self._tokenizer.count(text)
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=_KEY).digest()
        known = self._young.get(key)
        if known is None:
            known = self._old.get(key)
            known = self._tokenizer.count(text) if known is None else known
            self._keep(key, known)
        return known

    def _keep(self, key: bytes, count: int) -> None:
        """Without a lock: what two threads lose to each other here is counted once more."""
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = count


_of_encodings: dict[str, RememberedCounts] = {}


def remembered(tokenizer: Tokenizer) -> RememberedCounts:
    """The remembered counts of an encoding, shared by all that count with it."""
    return _of_encodings.setdefault(tokenizer.name, RememberedCounts(tokenizer))

"""Remembers the vectors of texts seen lately. Decides what is kept; knows no model.

A text is kept as a hash keyed with random bytes of this process, so a memory dump or a core file
shows vectors, but no text and nothing that another process could recognise.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from context_manager.embedding.processes import PerProcess

_SECRET = os.urandom(32)


class VectorCache:
    """Vectors by text, the least recently used leave first. Safe between threads.

    Args:
        capacity: Most vectors kept; 0 keeps none. A vector of 384 numbers takes about 1.7 kB.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._rows: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = PerProcess(threading.Lock)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, text: str) -> NDArray[np.float32] | None:
        """The vector of this text, not to be written to, or None."""
        if not self.capacity:
            return None
        key = _key(text)
        with self._lock():
            row = self._rows.get(key)
            if row is not None:
                self._rows.move_to_end(key)
            return row

    def put(self, text: str, vector: NDArray[np.float32]) -> None:
        """Keep a copy of the vector."""
        if not self.capacity:
            return
        key = _key(text)
        kept = vector.copy()
        kept.flags.writeable = False
        with self._lock():
            self._rows[key] = kept
            self._rows.move_to_end(key)
            while len(self._rows) > self.capacity:
                self._rows.popitem(last=False)

    def discard(self, texts: Iterable[str]) -> None:
        """Drop these texts, where present."""
        with self._lock():
            for text in texts:
                self._rows.pop(_key(text), None)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock():
            self._rows.clear()


def _key(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, key=_SECRET, digest_size=16).digest()

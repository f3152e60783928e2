"""The small embedder: one stored vector per word piece, averaged. No model runs.

Decides how those vectors become the vector of a text. About a thousand times faster than the
default and 9 MB of files, for bulk loads and tiny machines; its space is a different one.

Method: Tulkens and van Dongen 2024 (model2vec), distilled from all-MiniLM-L6-v2 by
``tools/build_embedding_model.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from context_manager.embedding.packaged import STATIC_ROWS, STATIC_SCALES, checksum, verified
from context_manager.embedding.processes import PerProcess
from context_manager.embedding.protocol import Vectors
from context_manager.embedding.wordpieces import UNKNOWN, token_ids

DIMENSION = 256


class _Table(NamedTuple):
    """Vectors by token id: ``rows[id] * scales[id]``."""

    rows: NDArray[np.int8]
    scales: NDArray[np.float32]


class StaticEmbedder:
    """Static word-piece vectors distilled from MiniLM: 256 dimensions, any length of text.

    Args:
        threads: Accepted for the sake of a common signature; one thread is always enough.

    Example:
        >>> StaticEmbedder().embed(["The key is under the blue pot."]).shape
        (1, 256)
    """

    dimension = DIMENSION

    local = True

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads

    @property
    def fingerprint(self) -> str:
        """Names the table; loads nothing."""
        return f"static:all-MiniLM-L6-v2:{DIMENSION}:{checksum(STATIC_ROWS)[:16]}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 [n, 256], unit rows in the order of the texts."""
        table = _table()
        out = np.empty((len(texts), DIMENSION), dtype=np.float32)
        for row, text in enumerate(texts):
            out[row] = _mean(table, token_ids(text))
        return out


def _mean(table: _Table, ids: list[int]) -> NDArray[Any]:
    """Mean direction of the known pieces; a text without any is one unknown."""
    known = [number for number in ids if number != UNKNOWN] or [UNKNOWN]
    distinct, counts = np.unique(known, return_counts=True)  # bounds the memory of a long text
    total = (table.scales[distinct] * counts) @ table.rows[distinct].astype(np.float64)
    length = np.linalg.norm(total)
    if length == 0:  # vectors that cancel out to the last bit
        return _mean(table, [UNKNOWN])
    return np.asarray(total / length)


def _load() -> _Table:
    # The rows stay in the file and are read through the page cache, shared by all processes.
    rows = np.load(verified(STATIC_ROWS), mmap_mode="r")
    return _Table(rows, np.load(verified(STATIC_SCALES)))


_table = PerProcess(_load)

"""Which passage rows hold a term, kept so that rows can be added without rebuilding it all.

A large sorted base and a small sorted tail; the tail is folded into the base when it has grown.
Terms are opaque 64-bit numbers here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Counts = NDArray[np.uint8]
Terms = NDArray[np.uint64]

_TAIL_ROWS = 512


class _Lists:
    """Distinct terms in ascending order, where each list starts, and the lists end to end."""

    __slots__ = ("counts", "rows", "starts", "terms")

    def __init__(self, flat: Terms, rows: Rows, counts: Counts) -> None:
        order = np.argsort(flat, kind="stable")
        self.rows = rows[order]
        self.counts = counts[order]
        self.terms, starts = np.unique(flat[order], return_index=True)
        self.starts = np.append(starts, len(flat)).astype(np.int64)

    def find(self, term: int) -> tuple[Rows, Counts]:
        at = int(np.searchsorted(self.terms, np.uint64(term)))
        if at == len(self.terms) or int(self.terms[at]) != term:
            return self.rows[:0], self.counts[:0]
        span = slice(int(self.starts[at]), int(self.starts[at + 1]))
        return self.rows[span], self.counts[span]


_EMPTY = _Lists(np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.uint8))


class LayeredPostings:
    """Word lists over the passage rows 0..n-1. Immutable; `extended` gives the next state."""

    __slots__ = ("_base", "_pending", "_tail", "base_rows", "size")

    def __init__(self) -> None:
        self._base = _EMPTY
        self._tail = _EMPTY
        self._pending: tuple[tuple[Terms, Rows, Counts], ...] = ()
        self.base_rows = 0
        self.size = 0

    def rows(self, term: int) -> tuple[Rows, Counts]:
        """The ascending rows that hold a term, and how often each does (255 means or more)."""
        base_rows, base_counts = self._base.find(term)
        tail_rows, tail_counts = self._tail.find(term)
        if not len(tail_rows):
            return base_rows, base_counts
        return np.concatenate([base_rows, tail_rows]), np.concatenate([base_counts, tail_counts])

    def extended(self, terms: Terms, sizes: NDArray[np.int64], counts: Counts) -> LayeredPostings:
        """The lists with further rows at the end.

        Args:
            terms: uint64 [t], the distinct terms of each new row, end to end.
            sizes: int64 [r], how many terms each new row has.
            counts: uint8 [t], the count of each term in its row.
        """
        grown = LayeredPostings()
        grown.size = self.size + len(sizes)
        rows = np.repeat(np.arange(self.size, grown.size, dtype=np.int32), sizes)
        grown._pending = (*self._pending, (terms, rows, counts))
        grown._base, grown.base_rows = self._base, self.base_rows
        if grown.size - self.base_rows > max(_TAIL_ROWS, self.base_rows // 8):
            grown._fold()
        else:
            grown._tail = _join(grown._pending)
        return grown

    def _fold(self) -> None:
        base = self._base
        flat = np.repeat(base.terms, np.diff(base.starts))
        self._base = _join(((flat, base.rows, base.counts), *self._pending))
        self._tail, self._pending, self.base_rows = _EMPTY, (), self.size


def _join(chunks: tuple[tuple[Terms, Rows, Counts], ...]) -> _Lists:
    terms, rows, counts = (np.concatenate(column) for column in zip(*chunks, strict=True))
    return _Lists(terms, rows, counts)

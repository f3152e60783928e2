"""Which passage rows hold a term, kept so that rows can be added without rebuilding it all.

Segments of falling size, each a sorted index of the rows after the last one's. A new segment is
merged with those before it that are not much larger, so each row is sorted anew only a few times
however many follow, and few segments have to be asked. Terms are opaque 64-bit numbers here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Counts = NDArray[np.uint8]
Terms = NDArray[np.uint64]

_LARGER = 4
"""How many times as many terms a segment holds as the one after it, at least."""


class _Lists:
    """Distinct terms in ascending order, where each list starts, and the lists end to end."""

    __slots__ = ("counts", "rows", "starts", "terms")

    def __init__(self, flat: Terms, rows: Rows, counts: Counts) -> None:
        order = _by_term(flat)
        self.rows = rows[order]
        self.counts = counts[order]
        sorted_terms = flat[order]
        starts = np.flatnonzero(_begins(sorted_terms))
        self.terms = sorted_terms[starts]
        self.starts = np.append(starts, len(flat)).astype(np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, term: np.uint64) -> tuple[Rows, Counts] | None:
        at = int(self.terms.searchsorted(term))
        if at == len(self.terms) or self.terms[at] != term:
            return None
        span = slice(int(self.starts[at]), int(self.starts[at + 1]))
        return self.rows[span], self.counts[span]

    def followed_by(self, later: _Lists) -> _Lists:
        """Both, where all rows of ``later`` come after ours. Sorted parts are sorted fast."""
        return _Lists(
            np.concatenate([self.flat(), later.flat()]),
            np.concatenate([self.rows, later.rows]),
            np.concatenate([self.counts, later.counts]),
        )

    def flat(self) -> Terms:
        """The term of each row of the lists."""
        return np.repeat(self.terms, np.diff(self.starts))


class LayeredPostings:
    """Word lists over the passage rows 0..n-1. Immutable; `extended` gives the next state."""

    __slots__ = ("_segments", "size")

    def __init__(self) -> None:
        self._segments: tuple[_Lists, ...] = ()
        self.size = 0

    @property
    def segments(self) -> int:
        """How many have to be asked for each term."""
        return len(self._segments)

    def rows(self, term: int) -> tuple[Rows, Counts]:
        """The ascending rows that hold a term, and how often each does (255 means or more)."""
        wanted = np.uint64(term)
        found = [lists for part in self._segments if (lists := part.find(wanted)) is not None]
        if not found:
            return np.zeros(0, np.int32), np.zeros(0, np.uint8)
        if len(found) == 1:
            return found[0]
        rows, counts = zip(*found, strict=True)
        return np.concatenate(rows), np.concatenate(counts)

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
        segments = [*self._segments, _Lists(terms, rows, counts)]
        while len(segments) > 1 and len(segments[-2]) <= _LARGER * len(segments[-1]):
            later = segments.pop()
            segments[-1] = segments[-1].followed_by(later)
        grown._segments = tuple(segments)
        return grown


def _begins(sorted_terms: Terms) -> NDArray[np.bool_]:
    """True where a term differs from the one before it."""
    begins = np.ones(len(sorted_terms), dtype=np.bool_)
    np.not_equal(sorted_terms[1:], sorted_terms[:-1], out=begins[1:])
    return begins


def _by_term(flat: Terms) -> NDArray[np.intp]:
    """The order that sorts terms, equal ones as they stand.

    Terms are hashes, so their upper bits nearly always tell them apart; with the place in the lower
    bits, numbers are sorted instead of places, which takes a seventh of the time.
    """
    places = np.uint64((1 << len(flat).bit_length()) - 1)
    keys = (flat & ~places) | np.arange(len(flat), dtype=np.uint64)
    keys.sort()
    order = (keys & places).astype(np.intp)
    found = flat[order]
    in_order = bool((found[1:] >= found[:-1]).all())
    return order if in_order else np.argsort(flat, kind="stable")

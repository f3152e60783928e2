"""One bit per dimension of a vector: enough to tell which vectors are about how near.

Decides how bits become estimates. A bit says on which side of the mean the vector lies, so that
vectors that have much in common are told apart as well. It keeps no vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from context_manager.index.columns import Column
from context_manager.index.protocol import Floats

_WORD = 64
_AT_ONCE = 8192
"""Rows turned into bits at a time, so that no second copy of all vectors is made."""


class Signs:
    """The bits of a growing number of vectors.

    Args:
        mean: float32 [d], what the bits are relative to.
    """

    def __init__(self, mean: Floats) -> None:
        self._mean = mean.astype(np.float32)
        self._columns = [Column(np.uint64) for _ in range(-(-len(mean) // _WORD))]

    def __len__(self) -> int:
        return len(self._columns[0])

    def extend(self, vectors: Floats) -> None:
        """Append rows."""
        for start in range(0, len(vectors), _AT_ONCE):
            words = _words(vectors[start : start + _AT_ONCE], self._mean)
            for column, values in zip(self._columns, words.T, strict=True):
                column.extend(values)

    def fill(self, row: int, vector: Floats) -> None:
        """Write the bits of one row."""
        for column, value in zip(self._columns, _words(vector[None], self._mean)[0], strict=True):
            column.rows[row] = value

    def frozen(self) -> FrozenSigns:
        """The bits there are now."""
        return FrozenSigns(self._mean, tuple(column.rows for column in self._columns))


@dataclass(frozen=True, slots=True)
class FrozenSigns:
    """The bits of a fixed number of vectors.

    Args:
        mean: float32 [d].
        columns: uint64 [n] each, 64 dimensions in each.
    """

    mean: Floats
    columns: tuple[NDArray[np.uint64], ...]

    def agreement(self, vector: Floats) -> NDArray[np.int16]:
        """How many dimensions of each row lie on the same side as those of a vector; int16 [n]."""
        differing = np.zeros(len(self.columns[0]), dtype=np.int16)
        for column, word in zip(self.columns, _words(vector[None], self.mean)[0], strict=True):
            differing += np.bitwise_count(column ^ word)
        agreeing: NDArray[np.int16] = np.int16(len(self.mean)) - differing
        return agreeing


def estimates(agreement: NDArray[np.int16], rows: NDArray[np.intp], cosines: Floats) -> Floats:
    """Cosines of all rows: agreement, brought to the mean and deviation of known cosines.

    Args:
        agreement: int16 [n].
        rows: Rows whose cosine is known, spread over all of them.
        cosines: Their cosines.
    """
    if not len(rows):
        return np.zeros(len(agreement), dtype=np.float32)
    known = agreement[rows].astype(np.float32)
    slope = float(cosines.std()) / max(float(known.std()), 1e-6)
    offset = float(cosines.mean()) - slope * float(known.mean())
    line: Floats = agreement.astype(np.float32) * np.float32(slope) + np.float32(offset)
    return line


def corrected(estimated: Floats, rows: NDArray[np.intp], cosines: Floats) -> Floats:
    """Estimates with the cosines of the nearest rows in place: no other passes for near.

    Args:
        estimated: float32 [n], written over.
        rows: The nearest rows.
        cosines: Their cosines.
    """
    if len(rows):
        np.minimum(estimated, cosines.mean(), out=estimated)
        estimated[rows] = cosines
    return estimated


def nearest(
    agreement: NDArray[np.int16], most: int, among: NDArray[np.bool_] | None
) -> NDArray[np.intp]:
    """The rows that agree most, in no order.

    Args:
        agreement: int16 [n].
        most: How many rows at most.
        among: bool [n], the rows to choose from; None means all.
    """
    wide = agreement.astype(np.int32)  # partitioned faster than the narrow ones
    if among is None:
        cut = max(0, len(wide) - most)
        return np.argpartition(wide, cut)[cut:] if cut else np.arange(len(wide))
    rows = np.flatnonzero(among)
    cut = max(0, len(rows) - most)
    return rows[np.argpartition(wide[rows], cut)[cut:]] if cut else rows


def _words(vectors: Floats, mean: Floats) -> NDArray[np.uint64]:
    """uint64 [n, words]: one bit per dimension, filled up with zeros."""
    bits = np.packbits(vectors > mean, axis=1)
    padded = np.zeros((len(bits), -(-len(mean) // _WORD) * _WORD // 8), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)

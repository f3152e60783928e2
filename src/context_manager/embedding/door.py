"""The door for vectors: what may come in, and in which form. Knows no model and no text.

One NaN among stored vectors can stand on top of every search, and a zero vector becomes one when
it is normalised, so nothing passes unchecked. Errors name the item, never the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from context_manager.embedding.protocol import Vectors
from context_manager.errors import EmbeddingError

SHORTEST, LONGEST = 1e-6, 1e6
"""Lengths between which a vector means something; models give about 0.1 to 100."""

_NUMBERS = "fiu"  # numpy's kinds: float, signed, unsigned


def unit_rows(vectors: Any, count: int, dimension: int | None = None) -> Vectors:
    """Check what an embedder gave, and bring it to unit length.

    Args:
        vectors: Array-like of numbers, ``count`` rows, all of one width.
        count: How many texts were handed in.
        dimension: Width to insist on; None accepts any.

    Returns:
        float32 [count, dimension], every row of length 1.

    Raises:
        EmbeddingError: Wrong count or width, not numbers, NaN or infinity, or a length outside
            1e-6 to 1e6. Its ``item`` is the row at fault, or None.
    """
    rows = _as_rows(vectors, count)
    if dimension is not None and count and rows.shape[1] != dimension:
        raise EmbeddingError(
            f"the vector has {rows.shape[1]} numbers, expected {dimension}; "
            "is this the model that the dimension was set for?",
            item=0,
        )
    if not count:
        return np.zeros((0, dimension or 0), dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    for item, length in enumerate(lengths.tolist()):
        if not SHORTEST <= length <= LONGEST:  # or NaN
            raise EmbeddingError(f"the vector {_fault(rows[item])}", item=item)
    unit: Vectors = (rows / lengths[:, None]).astype(np.float32)
    return unit


def _fault(row: NDArray[np.float64]) -> str:
    if np.isnan(row).any():
        return "holds NaN"
    if np.isinf(row).any():
        return "holds an infinite number"
    if not row.any():
        return "is all zeros, which has no direction"
    return f"has a length outside {SHORTEST:g} to {LONGEST:g}"


def _as_rows(vectors: Any, count: int) -> NDArray[np.float64]:
    if not isinstance(vectors, np.ndarray):
        vectors = _stacked(vectors, count)
    if vectors.ndim != 2 or len(vectors) != count:
        raise EmbeddingError(
            f"expected {count} vectors in an array [{count}, dimension], "
            f"got an array of shape {list(vectors.shape)}"
        )
    if vectors.dtype.kind not in _NUMBERS:
        raise EmbeddingError(f"expected vectors of numbers, got {vectors.dtype} values")
    if count and not vectors.shape[1]:
        raise EmbeddingError("the vector is empty", item=0)
    rows: NDArray[np.float64] = vectors.astype(np.float64)
    return rows


def _stacked(vectors: Any, count: int) -> NDArray[Any]:
    """One array from a list of rows; the first row that does not fit is named."""
    if isinstance(vectors, str | bytes) or not isinstance(vectors, Sequence):
        array = np.asarray(vectors)  # a tensor of another library
        return array if array.size or not count else array.reshape(0, 0)
    if len(vectors) != count:
        raise EmbeddingError(f"expected {count} vectors, one per text, got {len(vectors)}")
    rows = [_row(row, item) for item, row in enumerate(vectors)]
    for item, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise EmbeddingError(
                f"the vector has {len(row)} numbers, that of text 0 has {len(rows[0])}", item=item
            )
    return np.stack(rows) if rows else np.zeros((0, 0))


def _row(row: Any, item: int) -> NDArray[Any]:
    try:
        array = np.asarray(row)
    except ValueError as error:
        raise EmbeddingError("the vector is not a list of numbers", item=item) from error
    if array.ndim != 1 or (array.size and array.dtype.kind not in _NUMBERS):
        raise EmbeddingError(
            f"the vector is not a list of numbers: shape {list(array.shape)}, {array.dtype}",
            item=item,
        )
    return array

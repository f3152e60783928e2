"""Vectors in a FAISS index: for memories of millions, in a quarter of the bytes or in less time.

Decides what FAISS keeps and what is asked of it: the best rows among those that matter. Signs
beside it estimate the others. The ``faiss`` extra is needed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from context_manager.errors import ConfigError, MissingExtraError
from context_manager.index.columns import Column, Matrix
from context_manager.index.protocol import Floats
from context_manager.index.signs import FrozenSigns, Signs, corrected, estimates

FIRST = 10_000
"""Rows kept as they are before the index is made: they train it, and are searched exactly."""

TRAINED = 30_000
"""Rows that train the index at most."""

FOUND = 3000
"""Rows that FAISS is asked for."""

STRIDE = 50
"""Of so many rows one is kept as it is, to tell what a bit is worth."""

PER_LIST = 64
"""Rows that a list of an inverted file has when it is made: fewer would teach nothing."""

MOST_LISTS = 256

PROBED = 0.2
"""Share of an inverted file's lists that is looked at, unless few rows matter: then all."""

_KINDS = {
    "flat": "Flat",
    "sq8": "SQ8",
    "ivf": "IVF{lists},SQ8",
}


class FaissVectors:
    """Rows in FAISS, by their numbers; a pending one is not there yet.

    Args:
        dimension: Numbers per vector.
        kind: "flat" (exact), "sq8" (a byte per number, exact to about 1 %), or "ivf" (sq8 in lists
            of which the nearest are looked at: fastest, and may miss some).
        first: Rows kept as they are until the index is made.
        found: Rows FAISS is asked for.

    Raises:
        ConfigError: No such kind.
        MissingExtraError: FAISS is not installed.
    """

    def __init__(
        self, dimension: int, *, kind: str = "sq8", first: int = FIRST, found: int = FOUND
    ) -> None:
        if kind not in _KINDS:
            raise ConfigError(f"kind must be one of {', '.join(_KINDS)}, got {kind!r}")
        self._faiss = _faiss()
        self._dimension = dimension
        self._kind = kind
        self._first = first
        self._found = found
        self._size = 0
        self._early = Column(np.float32, dimension)
        self._sample = Column(np.float32, dimension)
        self._there = Column(np.bool_)
        self._signs: Signs | None = None
        self._index: Any = None
        self._lock = Lock()

    def __len__(self) -> int:
        return self._size

    def extend(self, vectors: Floats) -> None:
        """Append rows; zeros for a pending one."""
        vectors = np.ascontiguousarray(vectors.reshape(-1, self._dimension), dtype=np.float32)
        rows = np.arange(self._size, self._size + len(vectors))
        self._size += len(vectors)
        self._sample.extend(vectors[rows % STRIDE == 0])
        self._there.extend(vectors.any(axis=1))
        if self._signs is None:
            self._early.extend(vectors)
            if self._size > self._first:
                self._begin()
            return
        self._signs.extend(vectors)
        self._add(rows, vectors)

    def take(self, matrix: Matrix) -> None:
        """Append rows that nobody else will use."""
        self.extend(matrix.rows)

    def fill(self, row: int, vector: Floats) -> None:
        """Write the vector of a row that was pending."""
        if row % STRIDE == 0:
            self._sample.rows[row // STRIDE] = vector
        if self._signs is None:
            self._early.rows[row] = vector
            self._there.rows[row] = True
            return
        self._signs.fill(row, vector)
        if self._there.rows[row]:
            with self._lock:
                self._index.remove_ids(np.array([row], dtype=np.int64))
        self._there.rows[row] = True
        self._add(np.array([row]), np.asarray(vector, dtype=np.float32)[None])

    def frozen(self, pending: Collection[int]) -> _Found:
        """The rows there are now; those that are pending are given."""
        waiting = np.fromiter(pending, dtype=np.intp, count=len(pending))
        signs = None if self._signs is None else self._signs.frozen()
        return _Found(self, waiting, self._size, self._early.rows, self._sample.rows, signs)

    def search(self, vector: Floats, among: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Floats]:
        """The best of some rows and their cosines, best first."""
        faiss = self._faiss
        chosen = faiss.IDSelectorBitmap(np.packbits(among, bitorder="little"))
        if self._kind == "ivf":
            share = PROBED if np.count_nonzero(among) > self._found else 1.0
            how = faiss.SearchParametersIVF(sel=chosen, nprobe=max(1, round(self._lists * share)))
        else:
            how = faiss.SearchParameters(sel=chosen)
        with self._lock:
            most = min(self._found, self._index.ntotal)
            scores, found = self._index.search(vector[None], most, params=how)
        there = found[0] >= 0
        return found[0][there], scores[0][there]

    def _begin(self) -> None:
        """Make the index from the rows kept so far."""
        rows = self._early.rows
        full = rows[rows.any(axis=1)]
        if len(full) < min(len(rows), 256):
            return  # too little to learn from yet
        self._signs = Signs(full.mean(axis=0))
        self._signs.extend(rows)
        self._lists = min(MOST_LISTS, max(1, len(full) // PER_LIST))
        named = _KINDS[self._kind].format(lists=self._lists)
        metric = self._faiss.METRIC_INNER_PRODUCT
        inner = self._faiss.index_factory(self._dimension, named, metric)
        inner.train(full[:: max(1, len(full) // TRAINED)])
        self._index = self._faiss.IndexIDMap2(inner) if self._kind != "ivf" else inner
        self._add(np.arange(len(rows)), rows)
        self._early = Column(np.float32, self._dimension)

    def _add(self, rows: NDArray[np.int64], vectors: Floats) -> None:
        full = vectors.any(axis=1)
        if full.any():
            with self._lock:
                self._index.add_with_ids(vectors[full], rows[full].astype(np.int64))


@dataclass(frozen=True, slots=True)
class _Found:
    """The rows of an index at one time; what came later is not asked for."""

    index: FaissVectors
    pending: NDArray[np.intp]
    size: int
    early: Floats
    sample: Floats
    signs: FrozenSigns | None

    def cosines(self, vector: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
        vector = np.ascontiguousarray(vector, dtype=np.float32)
        if self.signs is None:
            cosines: Floats = self.early @ vector
            cosines[self.pending] = np.nan
            return cosines
        known = self.sample @ vector
        full = self.sample.any(axis=1)
        some = np.arange(len(self.sample)) * STRIDE
        cosines = estimates(self.signs.agreement(vector), some[full], known[full])
        everything = np.ones(self.size, dtype=np.bool_) if among is None else among
        rows, scores = self.index.search(vector, everything)
        corrected(cosines, rows, scores)
        cosines[self.pending] = np.nan
        return cosines


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtraError("faiss", "faiss") from error
    return faiss

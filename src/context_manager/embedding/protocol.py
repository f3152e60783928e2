"""What an embedder is. Decides the seam and nothing else: no model, no check, no cache.

An embedder turns texts into vectors. Three members are all there is to write; length, dtype and
finiteness of what comes out are checked by `context_manager.embedding.door` on our side, so an
embedder may return any array-like of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""float32 [n, dimension], each row of unit length."""

EmbedFunction: TypeAlias = Callable[[list[str]], Any]
"""Any function from texts to one row of numbers per text."""


class Embedder(Protocol):
    """Turns texts into vectors of one space.

    Promises that callers rely on: a text has one vector, whatever stands beside it in the call;
    row ``i`` belongs to text ``i``; ``embed`` may be called from several threads at once and again
    after a fork; making the object loads nothing. One that computes in this process may say so by
    an attribute ``local = True``: nothing outside can keep it waiting, so no deadline is watched.
    """

    @property
    def dimension(self) -> int:
        """Numbers per vector, at least 1."""

    @property
    def fingerprint(self) -> str:
        """Names the space: vectors of different fingerprints are never compared.

        Printable, at most 200 characters, the same in every process and on every machine.
        """

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """One row per text, in order; no texts give shape ``(0, dimension)``.

        Raises:
            EmbeddingError: The model or its provider failed.
        """

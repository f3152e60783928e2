"""Makes an embedder of any function from texts to rows of numbers.

Decides how dimension and fingerprint are found out for a model that does not tell: by one call
with a fixed text, when first asked for. It must not know what the function does; what it returns
passes the door.
"""

from __future__ import annotations

from collections.abc import Sequence

from context_manager.embedding.door import unit_rows
from context_manager.embedding.fingerprint import PROBE, probe_hash
from context_manager.embedding.protocol import EmbedFunction, Vectors


class CallableEmbedder:
    """An embedder that calls a function.

    Args:
        function: Takes a list of texts, gives one row of numbers per text. The vector of a text
            must not depend on the other texts, and the function must be safe to call from
            several threads.
        dimension: Numbers per row; None finds out with one call.
        name: Stands in the fingerprint; keep it when the space stays the same.
        revision: Stands in the fingerprint; change it when the space changes. Left empty, the
            vector of a fixed text decides, which costs one call per process.

    Example:
        >>> lengths = CallableEmbedder(lambda texts: [[len(text), 1.0] for text in texts])
        >>> lengths.dimension
        2
        >>> lengths.embed(["abc"]).shape
        (1, 2)
    """

    def __init__(
        self,
        function: EmbedFunction,
        *,
        dimension: int | None = None,
        name: str = "callable",
        revision: str = "",
    ) -> None:
        self.function = function
        self.name = name
        self.revision = revision
        self._dimension = dimension

    @property
    def dimension(self) -> int:
        """Numbers per vector; may call the function once to find out."""
        if self._dimension is None:
            self._dimension = self.embed([PROBE]).shape[1]
        return self._dimension

    @property
    def fingerprint(self) -> str:
        """Names the space; may call the function once to find out."""
        if not self.revision:
            self.revision = "probe-" + probe_hash(self.embed([PROBE])[0])
        return f"{self.name}:{self.dimension}:{self.revision}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 [n, dimension], unit rows in the order of the texts."""
        if not texts:
            return unit_rows([], 0, self.dimension)
        rows = unit_rows(self.function(list(texts)), len(texts), self._dimension)
        self._dimension = rows.shape[1]
        return rows

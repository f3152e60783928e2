"""An embedder for tests: fast, the same in every process, and no model.

It decides vectors by feature hashing (Weinberger et al. 2009): texts that share words are near
each other, others are not. It knows nothing of meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np

from context_manager.embedding.protocol import Vectors
from context_manager.errors import ConfigError

_WORD = re.compile(r"\w+")
_MOST_FEATURES = 4_096  # a longer text is known by its beginning; a double must stay fast


class HashEmbedder:
    """Signed feature hashing of words and of their runs of three characters.

    Args:
        dimension: Numbers per vector, at least 1.

    Example:
        >>> near, far = HashEmbedder().embed(["the red kite", "taxes are due"])
        >>> float(near @ HashEmbedder().embed(["a red kite"])[0]) > float(near @ far)
        True
    """

    local = True

    def __init__(self, dimension: int = 64) -> None:
        if dimension < 1:
            raise ConfigError(f"dimension must be at least 1, got {dimension}")
        self.dimension = dimension

    @property
    def fingerprint(self) -> str:
        """Names the space."""
        return f"hash:{self.dimension}:1"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 [n, dimension], unit rows; any Unicode, the empty text included."""
        rows = np.zeros((len(texts), self.dimension))
        for row, text in zip(rows, texts, strict=True):
            for feature, weight in _features(text):
                number = int.from_bytes(
                    blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "little"
                )
                row[(number >> 1) % self.dimension] += weight if number & 1 else -weight
            if not row.any():  # no feature, or features that cancel out
                row[0] = 1.0
        unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit


def _features(text: str) -> Iterator[tuple[str, float]]:
    words = _WORD.findall(text[:_MOST_FEATURES].casefold()) or list(text[:_MOST_FEATURES])
    for word in words:
        yield word, 1.0
        framed = f"<{word}>"
        for at in range(len(framed) - 2):
            yield framed[at : at + 3], 0.25

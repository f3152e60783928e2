"""Models of the sentence-transformers library, for those who have it installed.

Decides how a text beyond the model's window is handed over; loads the library on first use. The
library itself may download a model that is not on this machine yet.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from context_manager.embedding.callable import CallableEmbedder
from context_manager.embedding.processes import PerProcess
from context_manager.embedding.protocol import Vectors
from context_manager.embedding.spans import averaged, windows
from context_manager.errors import MissingExtraError

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
OVERLAP = 32
MOST_WINDOWS = 64
MARGIN = 8
"""Tokens left free: two marks, and pieces that a cut splits anew."""


def sentence_transformers_embedder(
    model: str = DEFAULT_MODEL,
    *,
    threads: int | None = None,
    dimension: int | None = None,
    revision: str = "",
    **settings: Any,
) -> CallableEmbedder:
    """An embedder over a sentence-transformers model. Making it loads nothing.

    Args:
        model: A name on the Hugging Face hub, or a folder.
        threads: CPU threads of torch, for the whole process; None leaves them as they are.
        dimension: Numbers per vector; None asks the model when needed.
        revision: See `CallableEmbedder`.
        settings: Further keywords of ``SentenceTransformer``.
    """
    function = SentenceTransformerFunction(model, threads, settings)
    return CallableEmbedder(
        function, dimension=dimension, name=f"sentence-transformers:{model}", revision=revision
    )


class SentenceTransformerFunction:
    """Texts to rows, one text at a time, so that padding and neighbours change no vector."""

    def __init__(self, model: str, threads: int | None, settings: dict[str, Any]) -> None:
        self.model = model
        self.threads = threads
        self.settings = settings
        self._loaded = PerProcess(self._load)

    def __call__(self, texts: list[str]) -> Vectors:
        """One unit row per text, in order."""
        return np.stack([self._one(text) for text in texts])

    def _one(self, text: str) -> Vectors:
        model = self._loaded()
        parts = self._parts(model, text)
        rows = model.encode(parts, batch_size=1, normalize_embeddings=True, show_progress_bar=False)
        return averaged(np.asarray(rows, dtype=np.float32), [len(part) for part in parts])

    def _parts(self, model: Any, text: str) -> list[str]:
        """The text in windows that the model reads whole, cut between tokens."""
        if not model.max_seq_length:
            return [text]
        encoded = model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        places = encoded["offset_mapping"]
        size = max(1, model.max_seq_length - MARGIN)
        if len(places) <= size:
            return [text]
        cut = windows(places, size, min(OVERLAP, size // 4), MOST_WINDOWS)
        return [text[part[0][0] : part[-1][1]] for part in cut]

    def _load(self) -> Any:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtraError("sentence-transformers", "sentence_transformers") from error
        if self.threads is not None:
            import torch

            torch.set_num_threads(self.threads)
        return SentenceTransformer(self.model, **self.settings)

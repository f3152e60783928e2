"""The command line as a function: arguments in, exit code and both outputs out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from context_manager import ContextManager
from context_manager.testing.embedders import HashEmbedder


class Ended(NamedTuple):
    """How a call ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def fault(self) -> Any:
        """Standard error as JSON."""
        return json.loads(self.err)


Program = Callable[..., Ended]


def open_fast(path: Path) -> ContextManager:
    """A manager with an embedder that costs nothing."""
    manager = ContextManager.open(path)
    manager.embedding_provider = HashEmbedder()
    return manager

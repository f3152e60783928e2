"""The program as a process of its own with an embedder that costs nothing and short memories.

``python -m support.replica serve --port 8001`` takes the place of ``context-manager serve``, so
that a test may start, kill and start again many of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.cli.invocation import Surroundings
from context_manager.cli.program import outcome
from context_manager.testing.embedders import HashEmbedder

SHORT = MemoryConfig(stm_capacity=60, chunk_size=40)


def opened(place: Path | str) -> ContextManager:
    """A manager as every process of a test has it."""
    cm = ContextManager.open(place, Config(memory=SHORT, background="workers"))
    cm.embedding_provider = HashEmbedder()
    return cm


if __name__ == "__main__":
    sys.exit(outcome(sys.argv[1:], Surroundings(opened, os.environ)))

"""Runs the specification's Python blocks as they stand, read from its folder at run time."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.local_llm import LocalLLM, serve

BLOCKS = (
    "short_term_memory",
    "long_term_memory",
    "summarizer",
    "async",
    "batch",
    "flask",
    "fastapi",
    "llm_adapter",
    "adaptive",
    "monitored",
)
"""Our names for the blocks, in the order in which they stand in the document."""

RunBlock = Callable[[str], types.ModuleType]


@pytest.fixture(scope="session")
def blocks(seed_dir: Path) -> dict[str, str]:
    """The code of every Python block by our name for it."""
    text = (seed_dir / "advanced_usage.md").read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(found) == len(BLOCKS)
    return dict(zip(BLOCKS, found, strict=True))


@pytest.fixture
def llm(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalLLM]:
    """A local model that the OpenAI client finds through its own environment variables."""
    with serve() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "a-key-for-tests")
        yield server


@pytest.fixture
def run_block(blocks: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunBlock:
    """Runs one block, unchanged, as a module of its own in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def run(name: str) -> types.ModuleType:
        module = types.ModuleType(f"seed_{name}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        code = compile(blocks[name], f"seed block {name}", "exec")
        exec(code, module.__dict__)  # noqa: S102 - running this text is the test
        return module

    return run

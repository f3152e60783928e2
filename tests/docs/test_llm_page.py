"""The page on language models: its blocks run as they stand, against a provider that is local."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from context_manager.llm.adapters import ADAPTERS
from support import fault_server as server
from support.fault_server import serve

PAGE = (Path(__file__).parents[2] / "docs" / "llm.md").read_text(encoding="utf-8")
PROVIDERS = set(ADAPTERS.names())  # before any test registers one of its own
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.strip().splitlines()[-1][:40])
def test_a_block_runs(code: str, tmp_path: Path) -> None:
    with serve(server.answers("In Porto.")) as there:
        child = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=tmp_path,
            env={
                **os.environ,
                "OPENAI_API_KEY": "a-key",
                "OPENAI_BASE_URL": f"{there.url}/v1",
                "ANTHROPIC_API_KEY": "a-key",
                "ANTHROPIC_BASE_URL": there.url,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert child.returncode == 0, child.stderr
    if "generate_sync(prompt, max_tokens" in code or "stream_sync" in code:
        assert "In Porto." in child.stdout


def test_every_provider_is_shown_in_ten_lines():
    for name in PROVIDERS - {"none"}:
        assert f'"{name}"' in PAGE or f"`{name}`" in PAGE, name
    for block in BLOCKS:
        if "LLMConfig(provider=" in block:
            assert len([line for line in block.splitlines() if line.strip()]) <= 10, block

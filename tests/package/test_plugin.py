"""A package of somebody else adds back ends by being installed: nothing is registered by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).parents[2] / "examples" / "extending" / "plugin"

USE = """
from context_manager import Config, ContextManager, EmbeddingConfig, LLMConfig
from context_manager.embedding import embedders
from context_manager.llm.adapters import create_llm_adapter
from context_manager.store import stores

config = Config(llm=LLMConfig(provider="polite"), embedding=EmbeddingConfig(model="vowels"))
cm = ContextManager(config, store=stores.create("scratch"))
cm.observe("The otter sleeps.", cm.llm_adapter.generate_sync("?"))
assert cm.search("otter", k=1)[0].entry.text == "The otter sleeps."
assert cm.long_term_memory.dimension == 5
assert {"scratch"} <= set(stores.names()) and {"vowels"} <= set(embedders.names())
print(create_llm_adapter("polite").generate_sync("?"))
cm.close()
"""


def run(*arguments: str, **environment: str) -> str:
    child = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def test_an_installed_package_adds_back_ends_by_their_names(tmp_path: Path) -> None:
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    run("-m", "pip", "install", "-q", *offline, "--target", str(tmp_path), str(PLUGIN))
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    assert run("-c", USE, PYTHONPATH=path) == "Thank you.\n"

"""The page on frameworks names every format that can be imported and every framework's extra."""

from __future__ import annotations

import tomllib
from pathlib import Path

from context_manager.importing import FORMATS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guides" / "integrations.md").read_text(encoding="utf-8")


def test_every_format_that_can_be_imported_is_named() -> None:
    assert [known.name for known in FORMATS if f"`{known.name}`" not in PAGE] == []


def test_every_integration_is_named_with_its_extra() -> None:
    folder = ROOT / "src" / "context_manager" / "integrations"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for path in folder.glob("*.py"):
        if f"context_manager.integrations.{path.stem} import" in PAGE:
            assert f"integrations.{path.stem}." in PAGE, path.stem
    for extra in ("agents", "langchain", "langgraph", "llama-index", "pydantic-ai"):
        assert extra in extras["optional-dependencies"]
        assert f"| `{extra}`" in PAGE

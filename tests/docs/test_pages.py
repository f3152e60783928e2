"""The pages of the documentation: their code runs as it stands, and what they name exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from context_manager import errors
from support.doc_blocks import blocks, run_page, shell_lines

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FILES = sorted(
    path for path in DOCS.rglob("*.md") if path.parent != DOCS or path.stem in ("index", "tutorial")
)
NAMES = [str(path.relative_to(DOCS)) for path in FILES]
TREE = [
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.ContextManagerError)
]


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in NAMES if blocks(text_of(name))])
def test_the_code_of_a_page_runs(name, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    run_page(text_of(name), folder)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_linked_and_installed_exists(name):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text_of(name)):
        assert (DOCS / name).parent.joinpath(link).exists(), link
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for block in blocks(text_of(name)):
        for line in shell_lines(block.code) if block.language == "sh" else ():
            for extra in re.findall(r"context-manager\[([\w,-]+)\]", line):
                assert {*extra.split(",")} <= {*project["optional-dependencies"]}, line
            for target in re.findall(r"^make ([a-z-]+)", line):
                assert re.search(rf"^{target}:", makefile, re.M), line


def test_every_error_is_explained():
    page = text_of("guides/troubleshooting.md")
    assert [name for name in TREE if f"`{name}`" not in page] == []

"""The page on reliability: every test that it names exists, and so does every command."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from context_manager.cli.program import COMMANDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|--", "| promise"))
]


def named_tests(cell: str) -> list[tuple[str, str]]:
    """File and test of each reference in a cell; "" where a whole file is meant."""
    found, file = [], ""
    for name in re.findall(r"`([^`]+)`", cell):
        path, _, test = name.partition("::")
        file = path or file
        found.append((file, test))
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:50])
def test_what_holds_a_promise_exists(row: list[str]) -> None:
    promise, held_by, _ = row
    references = named_tests(held_by)
    assert references or held_by.startswith("the three above"), promise
    for file, test in references:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert not test or test in names, f"{file} has no {test}"


def test_one_command_runs_every_file_that_is_named() -> None:
    """`make test-safety` runs it, but for those of the service and of the adapters."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.search(r"^safety_tests := (.*?[^\\])\n", makefile, re.M | re.S)
    assert listed
    pattern = re.search(r"\$\(patsubst %,(\S+),(.*?)\)", listed[1].replace("\\\n", " "))
    assert pattern
    covered = listed[1].replace("\\\n", " ").split()
    covered += [pattern[1].replace("%", name) for name in pattern[2].split()]
    files = {file for row in ROWS for file, _ in named_tests(row[1])}
    apart = ("tests/service/", "tests/unit/llm/")
    left = [f for f in files if not f.startswith((*apart, *covered))]
    assert left == []


def test_its_commands_are_commands() -> None:
    known = {command.name for command in COMMANDS}
    assert set(re.findall(r"^context-manager (\w+)", PAGE, re.M)) <= known
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)`", PAGE):
        assert re.search(rf"^{target}:", makefile, re.M), target

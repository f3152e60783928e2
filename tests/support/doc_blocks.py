"""Runs the code of a page of the documentation as a reader would who follows it.

Blocks run in their order, in one folder that begins empty. Python blocks that follow each other
share their names; shell blocks find `context-manager`, and a line that serves is left running until
the end of the page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from support.served import serving

FENCE = re.compile(r"^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATIENCE = 300
"""Seconds after which a block fails; never part of a claim."""
NOT_RUN = re.compile(r"^(pip|make|git|cd|docker|kubectl|curl|uvicorn|flask|\.ci)\b|^[A-Z_]+=\S+$")
"""Lines of shell that install, or need what is not here; `test_pages` checks what they name."""


class Block(NamedTuple):
    """A piece of code: its language, and the lines themselves."""

    language: str
    code: str


def blocks(text: str) -> list[Block]:
    """The code of a page in order."""
    return [Block(*match.groups()) for match in FENCE.finditer(text)]


def run_page(text: str, folder: Path) -> None:
    """Run all code of a page; fails with what the code said."""
    with ExitStack() as stack:
        for language, group in groupby(blocks(text), key=lambda block: block.language):
            code = "\n".join(block.code for block in group)
            if language == "python":
                _run([sys.executable, "-W", "error", "-c", code], folder, os.environ)
            else:
                _shell(code, folder, stack)


def _shell(code: str, folder: Path, stack: ExitStack) -> None:
    environment = {**os.environ, "PATH": f"{_commands(folder)}:{os.environ['PATH']}"}
    for line in shell_lines(code):
        if NOT_RUN.match(line):
            continue
        served = re.fullmatch(r"context-manager --db (\S+) serve", line)
        if served is not None:
            stack.enter_context(serving(folder / served[1]))
        else:
            _run(["bash", "-euo", "pipefail", "-c", line], folder, environment)


def shell_lines(code: str) -> Iterator[str]:
    """The commands of a block, without comments, each in one line."""
    for line in code.replace("\\\n", " ").splitlines():
        command = re.sub(r"\s+# .*", "", line).strip()
        if command and not command.startswith("#"):
            yield command


def _commands(folder: Path) -> Path:
    """A folder with `context-manager` in it, as an installation has."""
    place = folder.parent / f"{folder.name}-bin"
    place.mkdir(exist_ok=True)
    command = place / "context-manager"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m context_manager "$@"\n')
    command.chmod(0o755)
    return place


def _run(command: list[str], folder: Path, environment: os._Environ[str] | dict[str, str]) -> None:
    child = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert child.returncode == 0, f"{command[-1]}\n\n{child.stdout}\n{child.stderr}"

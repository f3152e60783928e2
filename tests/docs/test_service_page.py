"""The page about the service names every route and variable, and its Python runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from context_manager.service.routes import ROUTES
from context_manager.service.settings import PREFIX, VARIABLES

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES if route.api}))
def test_every_route_is_named(path):
    assert re.search(rf"`[A-Z]+ {re.escape(path)}`", PAGE)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_variable_is_named(variable):
    assert f"`{PREFIX}{variable.name}`" in PAGE


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.splitlines()[0])
def test_python_block_runs(code, tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr

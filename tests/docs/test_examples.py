"""Every example runs by itself, from an empty folder, and the list of them is complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted([*EXAMPLES.glob("*.py"), *EXAMPLES.glob("extending/*.py")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path):
    child = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.strip(), "an example shows something"
    assert list(tmp_path.iterdir()) == [], "an example leaves nothing behind"


def test_the_list_of_examples_is_complete():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert FILES
    names = [path.relative_to(EXAMPLES).as_posix() for path in FILES]
    assert [name for name in names if f"]({name})" not in text] == []

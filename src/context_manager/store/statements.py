"""SQL of a back end, kept as text beside its code: statements by name, schema steps by number.

This file only reads and splits text; what the statements mean stands in the SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files


def load_statements(package: str, file: str, blanks: Mapping[str, str]) -> Mapping[str, str]:
    """The statements of a file, each under the name in the line ``-- name:`` before it.

    Args:
        package: Where the file lies.
        file: Its name.
        blanks: What stands for what in its text.
    """
    text = (files(package) / file).read_text("utf-8")
    text = re.sub(r"^-- (?!name: ).*\n", "", text, flags=re.MULTILINE)
    for blank, filling in blanks.items():
        text = text.replace(blank, filling)
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return {name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)}


def load_numbered(package: str) -> list[tuple[int, str]]:
    """Numbers and SQL of the steps in the package's ``schema/``, ascending from 1, no gaps."""
    names = sorted(item.name for item in (files(package) / "schema").iterdir())
    return [
        (int(name.partition("_")[0]), (files(package) / "schema" / name).read_text("utf-8"))
        for name in names
        if name.endswith(".sql")
    ]

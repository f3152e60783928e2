"""The SQL of this back end by name, and the numbered steps of `schema/`.

This file only reads and splits text; what the statements mean stands in the SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

ENTRY_COLUMNS = (
    "id",
    "text",
    "metadata",
    "timestamp",
    "kind",
    "session_id",
    "task_id",
    "role",
    "name",
    "turn_id",
    "seq",
    "place",
    "trust",
    "importance",
    "source_ids",
    "expires_at",
    "valid_from",
    "valid_to",
    "superseded_by",
)
"""The columns of an entry that hold what `MemoryEntry` holds, in the order of the codec."""

_NUMBERS = frozenset(
    ["timestamp", "seq", "place", "trust", "importance", "expires_at", "valid_from", "valid_to"],
)

_BLANKS = {
    "{columns}": ", ".join(ENTRY_COLUMNS),
    "{marks}": ", ".join("?" * len(ENTRY_COLUMNS)),
    "{entry_bytes}": ", ".join(
        f"e.{name}" if name in _NUMBERS else f"CAST(e.{name} AS BLOB)" for name in ENTRY_COLUMNS
    ),
}


def _load_queries(file: str) -> Mapping[str, str]:
    text = (files(__package__) / file).read_text("utf-8")
    text = re.sub(r"^-- (?!name: ).*\n", "", text, flags=re.MULTILINE)
    for blank, filling in _BLANKS.items():
        text = text.replace(blank, filling)
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return {name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)}


def load_steps() -> list[tuple[int, str]]:
    """Numbers and SQL of every schema step, ascending from 1 without a gap."""
    names = sorted(item.name for item in (files(__package__) / "schema").iterdir())
    return [
        (int(name.partition("_")[0]), (files(__package__) / "schema" / name).read_text("utf-8"))
        for name in names
        if name.endswith(".sql")
    ]


QUERIES = _load_queries("queries.sql")
"""What reads and writes memory."""

AUDIT = _load_queries("audit.sql")
"""What verifies and repairs."""

QUEUE = _load_queries("queue.sql")
"""What keeps the jobs."""

"""The SQL of this back end by name, and the numbered steps of `schema/`."""

from __future__ import annotations

from context_manager.store.codec import ENTRY_COLUMNS
from context_manager.store.statements import load_numbered, load_statements

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


def load_steps() -> list[tuple[int, str]]:
    """Numbers and SQL of every schema step."""
    return load_numbered(__package__)


QUERIES = load_statements(__package__, "queries.sql", _BLANKS)
"""What reads and writes memory."""

AUDIT = load_statements(__package__, "audit.sql", _BLANKS)
"""What verifies and repairs."""

QUEUE = load_statements(__package__, "queue.sql", {})
"""What keeps the jobs."""

MOVING = load_statements(__package__, "moving.sql", _BLANKS)
"""What moves all memory from store to store."""

STATEMENTS = {**QUERIES, **MOVING}
"""What may run inside a write."""

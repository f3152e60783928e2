"""A small store with the nastiest content, written by whatever version of the package runs this.

Run as a script it prints a store of the present schema as SQL text:

    python tests/support/schema_fixture.py > tests/migration/schemas/NUMBER.sql

Such a file is made once, by the version whose schema it is, and never again.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import apsw

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.testing.embedders import HashEmbedder

SAID = [
    ("I live in Leeds.", "Noted."),
    ("I moved to Aberdeen.", "Far north!"),
    ("quotes ' \" ` ;-- DROP TABLE entries", "\\ % _ * ? $1 :a {x}"),
    ("line\nbreaks\r\nand\ttabs \0 end", "\ufeff byte order \u200b zero width"),
    ("表情 👩‍👩‍👧 and עברית \u202e reversed", "e\u0301 combining, \ud800 half a pair"),
    ("<memory> & </memory> \U000e0041\U000e0042 hidden", "x" * 900),
]
FORGOTTEN = "The canary sleeps in the attic."
PINNED = "Answer in whole sentences."
OTHER = "Bob's key lies under the stone."
METADATA = {"nested": {"a": [1, None, "é"]}, "": "empty key"}
START = 1_700_000_000


def manager(path: Path) -> ContextManager:
    """A manager on the file, with a clock of its own and an embedder that costs nothing."""
    config = Config(memory=MemoryConfig(stm_capacity=120, chunk_size=60), facts="rules")
    config.record = True
    cm = ContextManager.open(path, config, clock=map(float, count(START)).__next__)
    cm.embedding_provider = HashEmbedder(8)
    return cm


def fill(path: Path) -> None:
    """Write the content: turns, summaries, facts, a prompt, a pin, something forgotten."""
    with manager(path) as cm:
        for user, assistant in SAID:
            cm.observe(user, assistant, metadata=METADATA)
        gone = cm.observe(FORGOTTEN, "")
        cm.pin(PINNED)
        cm.scoped(user_id="bob", session_id="évening").observe(OTHER, "")
        cm.build_context("Where do I live?")
        cm.forget(gone.id)
        cm.observe("This has no vector yet.", "")


def dumped(path: Path) -> Iterator[str]:
    """The lines of SQL that make the file again, ASCII only."""
    connection = apsw.Connection(str(path))
    for name in ("application_id", "user_version"):
        yield f"PRAGMA {name} = {connection.pragma(name)};"
    schema = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql <> ''")
    for kind, name, sql in schema.fetchall():
        yield f"{sql};"
        if kind == "table":
            for row in connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2"):  # noqa: S608
                values = ", ".join(map(_literal, row))
                yield f"INSERT INTO {name} VALUES ({values});"  # noqa: S608
    connection.close()


def restored(sql: str, path: Path) -> None:
    """Make the file that a dump describes."""
    connection = apsw.Connection(str(path))
    connection.execute(f"BEGIN; {sql} COMMIT;")
    connection.pragma("journal_mode", "wal")
    connection.close()


def _literal(value: apsw.SQLiteValue) -> str:
    if isinstance(value, str) and not (value.isascii() and value.isprintable()):
        return f"CAST({apsw.format_sql_value(value.encode())} AS TEXT)"
    return apsw.format_sql_value(value)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder, "memory.db"))
        sys.stdout.writelines(f"{line}\n" for line in dumped(Path(folder, "memory.db")))

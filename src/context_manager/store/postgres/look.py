"""What is found in one state of a large partition.

This file decides which statement answers which question of `finding.Look`, and how far pgvector
looks. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from context_manager.store.finding import Filed, Narrowing
from context_manager.store.postgres import reads
from context_manager.store.postgres.near import Half, near_table
from context_manager.store.postgres.queries import FINDING
from context_manager.store.postgres.reads import Reader
from context_manager.store.protocol import Rows

BREADTH = 400
"""Nearest vectors that the index keeps at hand while it searches (`hnsw.ef_search`)."""

SCANNED = 200_000
"""Vectors that it looks at, at most, to find enough that a narrowing lets through."""


class Space(NamedTuple):
    """A partition and one model of it, as their rows say."""

    part: int
    next_key: int
    id: int
    near: bool
    dimension: int

    @property
    def named(self) -> dict[str, Any]:
        """What statements may name."""
        return {"part": self.part, "id": self.id, "last": self.next_key >> 10}


def space_of(reader: Reader, model: str) -> Space | None:
    """The space of a model; None while the partition has no vector of it."""
    found = reader.ask_sql(FINDING["space"], {"model": model}).fetchone()
    return None if found is None or found[2] is None else Space._make(found)


class PostgresLook:
    """Asks about one partition; use inside one transaction.

    Args:
        reader: Names the partition in every statement.
        space: The model; None if no vector is of it, and then nothing is filed.
        extension: The schema that pgvector is in.
    """

    def __init__(self, reader: Reader, space: Space | None, extension: str) -> None:
        self._reader = reader
        self._space = space or Space(-1, 0, -1, False, 0)
        self._extension = extension

    def entries(self) -> int:
        """How many entries the partition holds."""
        found = self._ask("size").fetchone()
        return int(found[0]) if found else 0

    def filed(self) -> Filed:
        """What is filed."""
        return Filed._make(self._ask("filed").fetchone() or (0, 0))

    def loose(self) -> list[int]:
        """Keys of the entries that are not filed."""
        blocks = [block for (block,) in self._ask("unfiled")]
        return self._column("loose", blocks=blocks)

    def lists(self, terms: Sequence[int]) -> dict[int, list[tuple[int, bytes]]]:
        """By term, the number of each block that holds it and what was packed, ascending."""
        found: dict[int, list[tuple[int, bytes]]] = {}
        for term, block, packed in self._ask("lists", terms=list(terms)):
            found.setdefault(term, []).append((block, packed))
        return found

    def keys(self, narrowing: Narrowing, most: int) -> list[int]:
        """Keys of the entries that a narrowing lets through, ascending; at most so many."""
        text, values = _narrowed("narrowed_keys", narrowing)
        rows = self._reader.ask_sql(text, {**self._space.named, **values, "most": most})
        return [key for (key,) in rows]

    def nearest(self, vector: bytes, most: int, narrowing: Narrowing | None) -> list[int]:
        """Keys of the entries of the nearest filed vectors, nearest first."""
        if not self._space.near:
            return []
        self._ask("scan", breadth=str(max(BREADTH, most)), scanned=str(SCANNED))
        text, values = FINDING["nearest"], dict[str, Any]()
        if narrowing is not None:
            text, values = _narrowed("nearest_narrowed", narrowing)
        table = near_table(self._space.part, self._space.id)
        text = text.replace("{near}", table).replace("{vector}", self._extension)
        named = {**self._space.named, **values, "vector": Half(vector), "most": most}
        found = [key for (key,) in self._reader.ask_sql(text, named)]
        self._ask("scanned")
        return found

    def around(self, keys: Sequence[int], turns: int) -> list[int]:
        """Keys of the messages of so many turns before and after these in their sessions."""
        return self._column("around", keys=list(keys), turns=turns)

    def spread(self, runs: int, length: int) -> list[int]:
        """Keys of entries spread evenly over the partition, in runs that follow each other."""
        step = max(1, self._space.next_key // runs)
        return self._column("spread", runs=runs, length=length, step=step)

    def rows(self, keys: Sequence[int]) -> Rows:
        """The rows of entries, with their passages and the vectors of the model."""
        entries = self._ask("rows_of_entries", keys=list(keys))
        passages = self._ask("rows_of_passages", keys=list(keys))
        return Rows(reads.version(self._reader), entries, passages)

    def _ask(self, name: str, **values: Any) -> Any:
        return self._reader.ask_sql(FINDING[name], {**self._space.named, **values})

    def _column(self, name: str, **values: Any) -> list[int]:
        return [key for (key,) in self._ask(name, **values)]


_CONDITIONS: dict[str, str] = {
    "session_id": "e.session_id = %(session_id)s",
    "task_id": "e.task_id = %(task_id)s",
    "kinds": "e.kind = ANY(%(kinds)s::text[])",
    "as_of": "e.timestamp <= %(as_of)s",
}


def _narrowed(name: str, narrowing: Narrowing) -> tuple[str, dict[str, Any]]:
    """A statement with its conditions, which are constants of this file, and their values."""
    values = {
        name: list(value) if isinstance(value, tuple) else value
        for name in _CONDITIONS
        if (value := getattr(narrowing, name)) is not None
    }
    clauses = " AND ".join(_CONDITIONS[name] for name in values)
    return FINDING[name].replace("{narrowed}", clauses), values

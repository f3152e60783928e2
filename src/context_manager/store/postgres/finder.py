"""Candidates from PostgreSQL: words by lists in tables, vectors by pgvector.

This file decides what is filed when, and with what locks; what is found stands in `look`. A block
is filed under the lock that its writers take, in steps so short that they hardly wait. The index of
the vectors is built when all blocks are there, without a lock that anybody waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import psycopg

from context_manager.errors import ConfigError
from context_manager.records import Partition
from context_manager.store.finding import BLOCK, PLACE, Look, Pack, State
from context_manager.store.postgres.connections import Connection, Connections
from context_manager.store.postgres.faults import translated
from context_manager.store.postgres.look import PostgresLook, Space, space_of
from context_manager.store.postgres.near import Half, near_table, send_halves
from context_manager.store.postgres.queries import FINDING, QUERIES
from context_manager.store.postgres.reads import Reader
from context_manager.store.postgres.transaction import NOBODY, Place
from context_manager.store.protocol import Pending

T = TypeVar("T")

MOST_DIMENSIONS = 4000
"""Numbers that an index of halves can hold."""

STEP = 128
"""Vectors put into an index in one transaction; each takes a millisecond or two."""

_LOCK = 0x434D6E72
"""Names our advisory lock on the making of an index ("CMnr"), together with its table's name."""

_HOW = 'or leave vector_store at "numpy", which searches exactly and needs nothing'


class _Words(NamedTuple):
    entry: int
    ordinal: int
    words: bytes
    vector: bytes | None


@dataclass(frozen=True, slots=True)
class _Extension:
    """Where pgvector is, and the number of its type of halves."""

    schema: str
    oid: int


class PostgresFinder:
    """Finds candidates in one schema of a database.

    Args:
        connections: Lends connections.
        place_of: Where the transactions of a partition work.
        read: Gives the answer to a question from one state of the database.
        wrote: Is told of whom something was filed.
    """

    def __init__(
        self,
        connections: Connections,
        place_of: Callable[[Partition], Place],
        read: Callable[[Partition, Callable[[Reader], Any]], Any],
        wrote: Callable[[Partition], None],
    ) -> None:
        self._connections = connections
        self._place_of = place_of
        self._read = read
        self._wrote = wrote
        self._extension: _Extension | None = None

    def check(self, dimension: int) -> None:
        """Refuse to work without pgvector 0.8, or with vectors that it cannot index.

        Raises:
            ConfigError: Says what is missing and how to mend it.
        """
        if dimension > MOST_DIMENSIONS:
            raise ConfigError(
                f"pgvector indexes vectors of up to {MOST_DIMENSIONS} numbers, these have "
                f"{dimension}; choose another embedding model, {_HOW}"
            )
        self._pgvector()

    def size(self, partition: Partition) -> int:
        """How many entries a partition holds."""
        found = self._read(partition, lambda reader: _ask(reader, "size").fetchone())
        return int(found[0]) if found else 0

    def state(self, partition: Partition, model: str) -> State:
        """How large a partition is, and how much of it is filed."""

        def ask(reader: Reader) -> State:
            found = _ask(reader, "size").fetchone()
            space = space_of(reader, model)
            return State(
                found[0] if found else 0, None if space is None else len(_due(reader, space))
            )

        state: State = self._read(partition, ask)
        return state

    def waiting(self, partition: Partition, model: str, limit: int) -> list[Pending]:
        """Passages without a vector of this model, as far as the blocks tell; oldest first."""

        def ask(reader: Reader) -> list[Pending]:
            space = space_of(reader, model)
            if space is None:
                return []
            blocks = [block for name in ("unfiled", "incomplete")
                      for (block,) in _ask(reader, name, **space.named)]  # fmt: skip
            rows = _ask(reader, "waiting", blocks=blocks, limit=limit, **space.named)
            return list(map(Pending._make, rows))

        found: list[Pending] = self._read(partition, ask)
        return found

    def file(self, partition: Partition, model: str, pack: Pack) -> bool:
        """File some of the oldest block that is due, or make the index once none is."""
        try:
            with translated(self._connections.location):
                due = self._connections.run(lambda c: self._file(c, partition, model, pack))
            if due is None:
                return True
            if due.near:
                self._wrote(partition)  # what is read next holds what was just filed
                pieces = self._read(partition, lambda reader: _pieces(reader, due))
                with translated(self._connections.location):
                    self._index(due, pieces)
            return False
        finally:
            self._wrote(partition)

    def look(self, partition: Partition, model: str, ask: Callable[[Look], T]) -> T:
        """The answer from one state of the database."""
        extension = self._pgvector()

        def answer(reader: Reader) -> T:
            send_halves(reader.connection, extension.oid)
            return ask(PostgresLook(reader, space_of(reader, model), extension.schema))

        found: T = self._read(partition, answer)
        return found

    def _pgvector(self) -> _Extension:
        if self._extension is None:
            found = self._read(NOBODY, lambda reader: _ask(reader, "pgvector").fetchone())
            place = self._connections.location
            if found is None:
                raise ConfigError(
                    f"the database at {place} has no pgvector: install it on the server, let a "
                    f"superuser run CREATE EXTENSION vector in the database, {_HOW}"
                )
            schema, version, oid, may_create = found
            if oid is None or tuple(map(int, version.split(".")[:2])) < (0, 8):
                raise ConfigError(
                    f"pgvector {version} at {place} is too old: install 0.8 or newer and run "
                    f"ALTER EXTENSION vector UPDATE, {_HOW}"
                )
            if not may_create:
                raise ConfigError(
                    f"this role may not make tables at {place}: GRANT CREATE ON SCHEMA to it, "
                    f"{_HOW}"
                )
            self._extension = _Extension(f'"{schema}"', oid)
        return self._extension

    def _file(
        self, connection: Connection, partition: Partition, model: str, pack: Pack
    ) -> Space | None:
        """File one step; the space if nothing is due."""
        place = self._place_of(partition)
        send_halves(connection, self._pgvector().oid)
        with connection.transaction():
            connection.execute(QUERIES["enter"], place.values)
            connection.execute(QUERIES["lock_partition"], place.values)
            reader = Reader(connection, place)
            space = space_of(reader, model)
            if space is None:
                return Space(0, 0, 0, False, 0)
            due = _due(reader, space)
            if not due:
                return space
            self._file_block(reader, space, due[0], pack)
        return None

    def _file_block(self, reader: Reader, space: Space, block: int, pack: Pack) -> None:
        bounds = {"first": block * BLOCK, "end": (block + 1) * BLOCK, "block": block}
        named = {**space.named, **bounds}
        rows = [_Words._make(row) for row in _ask(reader, "block_passages", **named)]
        if _ask(reader, "words_filed", **named).fetchone() is None:
            self._file_words(reader, named, rows, pack)
        if self._file_vectors(reader, space, named, rows):
            counts = {"passages": len(rows), "words": 0,
                      "vectors": sum(row.vector is not None for row in rows)}  # fmt: skip
            _ask(reader, "set_filed", **named, **counts)

    def _file_words(
        self, reader: Reader, named: dict[str, Any], rows: Sequence[_Words], pack: Pack
    ) -> None:
        some = [row for row in rows if row.ordinal < PLACE]
        places = [(row.entry - named["first"]) * PLACE + row.ordinal for row in some]
        lists = pack(places, [row.words for row in some])
        _ask(reader, "drop_lists", **named)
        _ask(reader, "insert_lists", terms=lists.terms, held=lists.held, packed=lists.packed,
             **named)  # fmt: skip
        counts = {"passages": len(some), "vectors": 0, "words": lists.words}
        _ask(reader, "set_filed", **{**named, "id": 0}, **counts)

    def _file_vectors(
        self, reader: Reader, space: Space, named: dict[str, Any], rows: Sequence[_Words]
    ) -> bool:
        """Put vectors of a block where pgvector finds them; whether all of them are there."""
        table, schema = near_table(space.part, space.id), self._pgvector().schema
        blanks = {"near": table, "vector": schema, "dimension": str(space.dimension)}
        if not space.near:
            reader.connection.execute(filled("make_near", blanks))
            _ask(reader, "has_near", **named)
        there = set(reader.ask_sql(filled("near_places", blanks), named))
        missing = (
            (reader.partition.tenant_id, space.part, row.entry, row.ordinal, Half(row.vector))
            for row in rows
            if row.vector is not None and (row.entry, row.ordinal) not in there
        )
        indexed = reader.ask_sql(FINDING["index_state"], {"index": f"{table}_hnsw"}).fetchone()
        with reader.connection.cursor() as cursor:
            cursor.executemany(
                filled("insert_near", blanks), list(islice(missing, STEP if indexed else None))
            )
        return next(missing, None) is None

    def _index(self, space: Space, pieces: Sequence[str]) -> None:
        """Make the index of the vectors if it is not there; one process does it.

        Args:
            space: Whose vectors.
            pieces: The tables that hold what is looked up beside it.
        """
        table = near_table(space.part, space.id)
        blanks = {"near": table, "vector": self._pgvector().schema}
        with self._connections.connect() as connection:
            connection.execute(FINDING["enter_session"], self._place_of(NOBODY).values)
            state = {**self._place_of(NOBODY).values, "index": f"{table}_hnsw"}
            if connection.execute(FINDING["index_state"], state).fetchone() == (True,):
                return
            taken = connection.execute(
                "SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_LOCK, table)
            ).fetchone()
            if taken != (True,):
                return
            try:
                if connection.execute(FINDING["index_state"], state).fetchone() == (False,):
                    connection.execute(filled("drop_index", blanks))  # its making was cut short
                connection.execute(filled("make_index", blanks))
                for name in pieces:  # what came in one go is news to the planner
                    connection.execute(f"ANALYZE {name}")
            except (psycopg.errors.UndefinedTable, psycopg.errors.DuplicateTable):
                return  # forgotten meanwhile, or made by another


def filled(name: str, blanks: dict[str, str]) -> str:
    """A statement with its blanks filled."""
    text = FINDING[name]
    for blank, filling in blanks.items():
        text = text.replace("{" + blank + "}", filling)
    return text


def _ask(reader: Reader, name: str, **values: Any) -> psycopg.Cursor[Any]:
    return reader.ask_sql(FINDING[name], values)


def _pieces(reader: Reader, space: Space) -> list[str]:
    return [name for (name,) in _ask(reader, "pieces", **space.named) if name]


def _due(reader: Reader, space: Space) -> list[int]:
    """The blocks that are due: all that are not filed but the last."""
    return [block for (block,) in _ask(reader, "unfiled", **space.named)][:-1]

"""Many users' memory in a database within minutes: one is written, the database copies the others.

Every user gets the same texts and vectors under ids of their own, row for row as the store would
have written them, but without checksums, which nothing here reads.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from bench.speed.corpus import Language, TableEmbedder, drafted
from context_manager import ContextManager
from context_manager.records import Scope
from context_manager.store.postgres import PostgresStore
from context_manager.store.protocol import Change

PORTION = 100
"""Users copied in one transaction."""

TENANTS = 100

COPIED = ("sessions", "turns", "entries", "sources", "passages", "models", "vectors")
"""Tables of which every user has rows."""

_OWNER = ("tenant_id", "part", "checksum")
_NEW = ("tenant_id", "user_id", "part", "writer")
"""Columns that are not copied."""


class Filled(NamedTuple):
    """How many users have their memory, how fast that went, and what it takes.

    Args:
        users: How many.
        rate: Entries per second.
        each: Bytes of tables and indexes for each entry.
    """

    users: int
    rate: float
    each: float


def named(user: int) -> dict[str, str]:
    """The identifiers of a user."""
    return {"tenant_id": f"tenant-{user % TENANTS}", "user_id": f"user-{user}"}


def filled(dsn: str, schema: str, users: int, entries: int, seconds: float) -> Filled:
    """Give so many users a memory of so many entries; fewer users when the time is up."""
    first = _written(dsn, schema, entries)
    began = time.perf_counter()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
        _wall(connection, "NO FORCE")
        done = 1
        while done < users and time.perf_counter() < began + seconds:
            last = min(done + PORTION, users)
            with connection.transaction():
                _copy(connection, first, done, last)
            done = last
        rate = done * entries / (time.perf_counter() - began)
        _wall(connection, "FORCE")
        connection.execute("ANALYZE")
        size = _one(
            connection,
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'",
        )
    return Filled(done, rate, float(size) / (done * entries))


def _written(dsn: str, schema: str, entries: int) -> Scope:
    """Write the memory of the first user."""
    store, embedder, language = PostgresStore(dsn, schema=schema), TableEmbedder(), Language()
    with ContextManager(store=store) as cm:
        cm.embedding_provider = embedder
        whose = cm.scope.narrowed(**named(0))
        texts = [language.message() for _ in range(entries)]
        drafts = tuple(drafted(cm, whose, texts, embedder))
        store.apply(whose.partition, Change(turns=drafts))
    return whose


def _wall(connection: psycopg.Connection[Any], how: str) -> None:
    """Let the owner of the tables past row-level security, or bind it again."""
    for table in ("partitions", *COPIED):
        connection.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")


def _copy(connection: psycopg.Connection[Any], first: Scope, start: int, end: int) -> None:
    """Make the users from one number up to another, with the memory of the first."""
    values = {
        "tenant": first.tenant_id, "user": first.user_id, "start": start, "end": end - 1,
        "tenants": TENANTS,
    }  # fmt: skip
    columns = _columns(connection, "partitions", _NEW)
    made = connection.execute(
        sql.SQL(
            "INSERT INTO partitions (tenant_id, user_id, {columns})"
            " SELECT 'tenant-' || n %% %(tenants)s, 'user-' || n, {columns}"
            " FROM partitions, generate_series(%(start)s::int, %(end)s::int) AS n"
            " WHERE tenant_id = %(tenant)s AND user_id = %(user)s RETURNING part"
        ).format(columns=columns),
        values,
    ).fetchall()
    values["parts"] = [part for (part,) in made]
    for table in COPIED:
        connection.execute(
            sql.SQL(
                "INSERT INTO {table} (tenant_id, part, {columns})"
                " SELECT p.tenant_id, p.part, {columns}"
                " FROM (SELECT * FROM {table} WHERE (tenant_id, part) = (SELECT tenant_id, part"
                "   FROM partitions WHERE tenant_id = %(tenant)s AND user_id = %(user)s)) AS held"
                " CROSS JOIN (SELECT tenant_id, part FROM partitions"
                "   WHERE part = ANY(%(parts)s)) AS p"
            ).format(table=sql.Identifier(table), columns=_columns(connection, table, _OWNER)),
            values,
        )


def _columns(
    connection: psycopg.Connection[Any], table: str, without: Collection[str]
) -> sql.Composed:
    """The columns of a table."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum",
        (table,),
    )
    return sql.SQL(", ").join(sql.Identifier(name) for (name,) in rows if name not in without)


def _one(connection: psycopg.Connection[Any], statement: str) -> Any:
    found = connection.execute(statement).fetchone()
    return found[0] if found else None

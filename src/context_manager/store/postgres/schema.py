"""How a database becomes a store of the present schema: numbered steps, a transaction each.

This file decides which steps are due; the steps are SQL in `schema/`. An advisory lock lets one
process at a time do them, and a step is written down in its own transaction, so one that was
interrupted is done again whole.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from psycopg import errors, sql

from context_manager.errors import SchemaError, StoreError
from context_manager.store.postgres.connections import Connection
from context_manager.store.postgres.queries import QUERIES, load_steps
from context_manager.store.probe import Probe

_LOCK = 0x434D656D
"""Names our advisory lock ("CMem"), together with a hash of the schema's name."""

_OLDEST_SERVER = 140_000


def prepare(
    connection: Connection,
    schema: str,
    hash_partitions: int,
    probe: Probe,
    steps: Sequence[tuple[int, str]] | None = None,
) -> bytes:
    """Bring the schema up to date, or refuse it; returns the store's secret.

    Args:
        connection: Of its own.
        schema: Name of the schema that holds the tables; made if it is missing.
        hash_partitions: Into how many pieces tables are divided when they are made.
        probe: Called before each step, before its commit and after it.
        steps: Number and SQL of each step; None for those of this version.

    Raises:
        SchemaError: A newer version wrote it.
        StoreError: The server is too old, or the database is not encoded in UTF-8.
    """
    _check_server(connection)
    steps = load_steps() if steps is None else steps
    done = step_done(connection, schema)
    if done > steps[-1][0]:
        raise SchemaError(
            f"schema {schema!r} has step {done}, this version knows {steps[-1][0]}; install a "
            "newer context-manager"
        )
    for number, text in steps:
        if number > done:
            _step(connection, schema, number, text, hash_partitions, probe)
    with connection.transaction():
        _enter(connection, schema)
        found = connection.execute(QUERIES["secret"], binary=True).fetchone()
    if found is None:
        raise StoreError(f"schema {schema!r} holds no secret; restore it from a backup")
    return bytes(found[0])


def step_done(connection: Connection, schema: str) -> int:
    """The number of the last step done in this schema, 0 if there is none."""
    steps = sql.Identifier(schema, "schema_steps")
    try:
        found = connection.execute(
            sql.SQL("SELECT coalesce(max(number), 0) FROM {}").format(steps)
        ).fetchone()
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return 0
    return int(found[0]) if found else 0


def _check_server(connection: Connection) -> None:
    version = connection.info.server_version
    if version < _OLDEST_SERVER:
        raise StoreError(f"PostgreSQL 14 or newer is needed, this server is {version // 10_000}")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreError(
            f"the database is encoded in {encoding}, which cannot hold every text; make one with "
            "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )


def _step(
    connection: Connection,
    schema: str,
    number: int,
    text: str,
    hash_partitions: int,
    probe: Probe,
) -> None:
    probe(f"migrate_{number}")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, schema))
        if step_done_now(connection, schema) >= number:
            return
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        _enter(connection, schema)
        connection.execute("CREATE TABLE IF NOT EXISTS schema_steps (number integer PRIMARY KEY)")
        connection.execute(
            "SELECT set_config('context_manager.hash_partitions', %s, true)",
            (str(hash_partitions),),
        )
        connection.execute(text)  # several statements, from our own file
        connection.execute("INSERT INTO schema_steps VALUES (%s)", (number,))
        if number == 1:
            connection.execute(QUERIES["insert_secret"], {"secret": secrets.token_bytes(32)})
        probe(f"migrate_{number}_commit")
    probe(f"migrate_{number}_committed")


def step_done_now(connection: Connection, schema: str) -> int:
    """As `step_done`, inside a transaction, which must not be broken by looking."""
    found = connection.execute("SELECT to_regclass(%s)", (f'"{schema}".schema_steps',)).fetchone()
    return step_done(connection, schema) if found and found[0] else 0


def _enter(connection: Connection, schema: str) -> None:
    connection.execute("SELECT set_config('search_path', %s, true)", (f'"{schema}"',))

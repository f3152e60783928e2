"""How a file becomes a store of the present schema: numbered steps, each in its own transaction.

This file decides which files are ours and which steps are due; the steps are SQL in `schema/`.
SQLite's user_version holds the number of the last step done and changes with it atomically, so a
step that was interrupted is done again whole.
"""

from __future__ import annotations

import secrets
import time

import apsw

from context_manager.errors import SchemaError, StoreError
from context_manager.store.sqlite.probe import Probe
from context_manager.store.sqlite.queries import QUERIES, load_steps

APPLICATION_ID = 0x434D656D
"""Marks the file as ours ("CMem"), for `file` and for us."""

_WAL_TRIES = 50


def prepare(connection: apsw.Connection, path: str, probe: Probe) -> None:
    """Bring the file to the present schema, or refuse it.

    Raises:
        SchemaError: A newer version wrote it.
        StoreError: It is a database of another application.
    """
    steps = load_steps()
    if _due(connection, path, steps):
        _enter_wal_mode(connection)
    for number, sql in steps:
        _step(connection, path, number, sql, probe)


def user_version(connection: apsw.Connection) -> int:
    """The number of the last schema step done in this file."""
    return int(connection.pragma("user_version"))


def _due(connection: apsw.Connection, path: str, steps: list[tuple[int, str]]) -> bool:
    version, latest = user_version(connection), steps[-1][0]
    owner = int(connection.pragma("application_id"))
    used = connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
    if owner != APPLICATION_ID and (owner or used):
        raise StoreError(f"{path} is an SQLite database of another application; it was not touched")
    if version > latest:
        raise SchemaError(
            f"the store at {path} has schema {version}, this version knows {latest}; install a "
            "newer context-manager to write to it"
        )
    return version < latest or connection.pragma("journal_mode") != "wal"


def _enter_wal_mode(connection: apsw.Connection) -> None:
    """Turn on the write-ahead log; SQLite does not wait here for other processes, so we do."""
    for left in reversed(range(_WAL_TRIES)):
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if not left:
                raise
            time.sleep(0.02)
        else:
            return


def _step(connection: apsw.Connection, path: str, number: int, sql: str, probe: Probe) -> None:
    if user_version(connection) >= number:
        return
    probe(f"migrate_{number}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if user_version(connection) < number:
            connection.execute(sql)
            if number == 1:
                connection.execute(QUERIES["insert_secret"], (secrets.token_bytes(32),))
                connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", number)
        probe(f"migrate_{number}_commit")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    probe(f"migrate_{number}_committed")

"""How a file becomes a store of the present schema: numbered steps, each in its own transaction.

This file decides which files are ours and which steps are due; the steps are SQL in `schema/`.
SQLite's user_version holds the number of the last step done and changes with it atomically, so a
step that was interrupted is done again whole.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import apsw

from context_manager.errors import InputError, SchemaError, StoreError
from context_manager.store.probe import Probe
from context_manager.store.sqlite.alone import alone
from context_manager.store.sqlite.copying import copy_to
from context_manager.store.sqlite.queries import QUERIES, load_steps

APPLICATION_ID = 0x434D656D
"""Marks the file as ours ("CMem"), for `file` and for us."""

_WAL_TRIES = 50


def prepare(
    connection: apsw.Connection,
    path: str,
    probe: Probe,
    steps: Sequence[tuple[int, str]] | None = None,
) -> None:
    """Bring the file to the present schema, or refuse it.

    A store of an older schema is copied first, to a file beside it named after its schema.

    Args:
        connection: The writer.
        path: Its file.
        probe: Called before each step, before its commit and after it.
        steps: Number and SQL of each step; None for those of this version.

    Raises:
        SchemaError: A newer version wrote it.
        StoreError: It is a database of another application.
    """
    steps = load_steps() if steps is None else steps
    latest = steps[-1][0]
    with alone(path):
        version = _owned_version(connection, path)
        if version > latest:
            raise SchemaError(
                f"the store at {path} has schema {version}, this version knows {latest}; install a "
                "newer context-manager to write to it, or open it with read_only=True"
            )
        if version == latest and connection.pragma("journal_mode") == "wal":
            return
        if 0 < version < latest:
            _keep_copy(connection, path, version)
        _enter_wal_mode(connection)
        if version == 0:
            _steps(connection, steps, probe)
    _steps(connection, steps, probe)


def check_readable(connection: apsw.Connection, path: str) -> None:
    """Refuse to read a file whose rows this version would misunderstand.

    Raises:
        SchemaError: Its schema is too new or too old to be read as it is.
    """
    version, latest = _owned_version(connection, path), load_steps()[-1][0]
    if not version:
        raise SchemaError(f"the file at {path} is empty; no store was made in it yet")
    if version < latest:
        raise SchemaError(
            f"the store at {path} has schema {version}, this version reads {latest}; open it once "
            "for writing to bring it up to date"
        )
    needed = connection.execute(QUERIES["readable_by"]).fetchone()
    if version > latest and (needed is None or needed[0] > latest):
        raise SchemaError(
            f"the store at {path} has schema {version}, this version cannot read more than "
            f"{latest}; install a newer context-manager"
        )


def user_version(connection: apsw.Connection) -> int:
    """The number of the last schema step done in this file."""
    return int(connection.pragma("user_version"))


def _owned_version(connection: apsw.Connection, path: str) -> int:
    """The schema of a file that is ours, 0 if it is empty."""
    with connection:  # one look: another process may be making the store just now
        owner = int(connection.pragma("application_id"))
        used = connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
        version = user_version(connection)
    if owner != APPLICATION_ID and (owner or used):
        raise StoreError(f"{path} is an SQLite database of another application; it was not touched")
    return version


def _keep_copy(connection: apsw.Connection, path: str, version: int) -> None:
    """Copy the store as it is; another process that migrates it now may be doing the same."""
    with suppress(InputError):
        copy_to(connection, Path(f"{path}.schema-{version}"))


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


def _steps(connection: apsw.Connection, steps: Sequence[tuple[int, str]], probe: Probe) -> None:
    for number, sql in steps:
        _step(connection, number, sql, probe)


def _step(connection: apsw.Connection, number: int, sql: str, probe: Probe) -> None:
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

"""Deleted means overwritten: how the bytes of deleted rows leave the file and its log.

This file decides the order: the log is emptied into the file (`secure_delete` has zeroed the rows
there), then, under the write lock, the gaps are zeroed, then the counter says so. Only when all of
it is done do `erased` and `scrubbed` agree again; until then every opening of the file tries anew.

The last step is a commit, and that matters: it makes every other connection drop the pages it
remembers, which may hold the copies and would bring them back.
"""

from __future__ import annotations

import time
from pathlib import Path

import apsw

from context_manager.store.probe import Probe
from context_manager.store.sqlite.gaps import zero_gaps
from context_manager.store.sqlite.queries import QUERIES
from context_manager.store.upkeep import Scrubbed

_TRIES = 20
_PAUSE = 0.05


def is_due(connection: apsw.Connection) -> bool:
    """Whether something was deleted that may still lie in the file."""
    erased, scrubbed = next(connection.execute(QUERIES["scrub_state"]))
    return bool(erased != scrubbed)


def scrub(connection: apsw.Connection, path: str, vfs: str | None, probe: Probe) -> Scrubbed:
    """Overwrite what was deleted; the writer must be closed after it.

    Others may read and write meanwhile; it waits for them, and gives up after a while.
    """
    for left in reversed(range(_TRIES)):
        try:
            probe("checkpoint")
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            gaps = _clean(connection, path, vfs, probe)
        except apsw.BusyError as error:
            return Scrubbed(False, reason=f"other connections keep the log in use ({error})")
        if gaps is not None:
            return Scrubbed(True, gaps)
        if left:
            time.sleep(_PAUSE)
    return Scrubbed(False, reason="other processes wrote all the time; try again")


def _clean(connection: apsw.Connection, path: str, vfs: str | None, probe: Probe) -> int | None:
    """Zero the gaps under the write lock; None when someone wrote before we got it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if log_size(path):
            return None
        probe("gaps")
        gaps = _zero(path, vfs)
        probe("set_scrubbed")
        connection.execute(QUERIES["set_scrubbed"])
        probe("scrub_commit")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    probe("scrubbed")
    return gaps


def _zero(path: str, vfs: str | None) -> int:
    """Zero the gaps through SQLite's file layer: closing a file of our own would drop its locks."""
    flags = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE
    file = apsw.VFSFile(vfs or "", path, [flags, 0])
    try:
        gaps = zero_gaps(file)
        file.xSync(apsw.SQLITE_SYNC_FULL)
    finally:
        file.xClose()
    return gaps


def log_size(path: str) -> int:
    """Bytes of the write-ahead log of this file, 0 if there is none."""
    log = Path(path + "-wal")
    return log.stat().st_size if log.exists() else 0

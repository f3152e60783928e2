"""A copy of the whole store in a new file, made while others read and write.

This file decides that a copy appears under its name only when it is complete, and that nothing is
ever written over. ``VACUUM INTO`` writes one state of the file, row by row: what was deleted is not
in the copy, and a damaged original makes it fail instead of yielding a damaged copy.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import apsw

from context_manager.errors import InputError, StoreError, StoreFullError


def copy_to(connection: apsw.Connection, target: Path) -> int:
    """Write the copy; returns its size in bytes.

    Raises:
        InputError: Something of this name exists.
        StoreError: The directory cannot be written.
        StoreFullError: There is no space for the copy.
        apsw.CorruptError: The original is damaged.
    """
    if target.exists():
        raise InputError(f"{target} exists already; a copy is never written over anything")
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        _make_private(partial)
        connection.execute("VACUUM INTO ?", (str(partial),))
        _sync(partial)
        partial.rename(target)
        _sync(target.parent)
    except apsw.FullError as error:
        _refuse_damaged(connection)
        raise StoreFullError(f"there is no space for a copy at {target}") from error
    except OSError as error:
        raise StoreError(f"cannot write a copy to {target}: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return target.stat().st_size


def _refuse_damaged(connection: apsw.Connection) -> None:
    """SQLite reports some damage as a lack of space; look which it is."""
    found = next(connection.execute("PRAGMA quick_check(1)"))[0]
    if found != "ok":
        raise apsw.CorruptError(str(found))


def _make_private(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)


def _sync(path: Path) -> None:
    """Force a file or a directory to the disk, where the system can do that."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # some systems do not open directories
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

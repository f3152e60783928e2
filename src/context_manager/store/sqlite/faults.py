"""Where errors of the driver become errors of ours, and nowhere else.

This file knows the driver's error classes and the store's path; every message names the path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from context_manager.errors import (
    CorruptStoreError,
    InputError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)

_TABLE: tuple[tuple[type[apsw.Error], type[StoreError], str], ...] = (
    (apsw.BusyError, StoreBusyError, "is held by another process; try again"),
    (apsw.LockedError, StoreBusyError, "is held by another connection; try again"),
    (apsw.FullError, StoreFullError, "has no space left; nothing was written, reads go on"),
    (
        apsw.CorruptError,
        CorruptStoreError,
        "is damaged; run verify() to learn what is left, and restore a backup or call repair()",
    ),
    (
        apsw.NotADBError,
        CorruptStoreError,
        "is not an SQLite database, or its first page is damaged; it was left as it is",
    ),
    (apsw.ReadOnlyError, StoreError, "cannot be written; check the permissions of the file"),
    (
        apsw.CantOpenError,
        StoreError,
        "cannot be opened; check that its directory exists and may be written",
    ),
    (apsw.PermissionsError, StoreError, "may not be used; check the permissions of the file"),
    (apsw.TooBigError, StoreError, "cannot hold a text this long (1,000,000,000 bytes at most)"),
)


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn the driver's errors into ours, chained.

    Raises:
        StoreError: or one of its kinds, by the table above.
        InputError: An id that exists already.
    """
    try:
        yield
    except apsw.ConstraintError as error:
        raise _constraint(error, path) from error
    except apsw.Error as error:
        raise _translation(error, path) from error
    except UnicodeDecodeError as error:
        raise CorruptStoreError(
            f"the store at {path} holds text that is no UTF-8 any more; verify() names the rows"
        ) from error


def _translation(error: apsw.Error, path: str) -> StoreError:
    for theirs, ours, words in _TABLE:
        if isinstance(error, theirs):
            return ours(f"the store at {path} {words} ({error})")
    return StoreError(f"the store at {path} failed: {type(error).__name__}: {error}")


def _constraint(error: apsw.ConstraintError, path: str) -> InputError | StoreError:
    if "UNIQUE" not in str(error):
        return _translation(error, path)
    table = str(error).rpartition(": ")[2].partition(".")[0]
    return InputError(f"an id in {table} exists already in this scope; ids are used once")

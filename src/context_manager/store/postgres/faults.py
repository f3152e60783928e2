"""Where errors of the driver become errors of ours, and nowhere else.

This file knows the driver's error classes and where the store is; every message names that, and
none repeats a value, for it could be what somebody said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from context_manager.errors import (
    CorruptStoreError,
    InputError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)

_TABLE: tuple[tuple[tuple[type[psycopg.Error], ...], type[StoreError], str], ...] = (
    ((PoolTimeout,), StoreBusyError, "gave no connection in time; the pool may be too small"),
    ((errors.LockNotAvailable,), StoreBusyError, "is held by another process; try again"),
    (
        (errors.QueryCanceled,),
        StoreBusyError,
        "took too long over a statement; raise statement_timeout, or try again",
    ),
    (
        (errors.DeadlockDetected, errors.SerializationFailure),
        StoreBusyError,
        "was changed by others at the same time; try again",
    ),
    (
        (errors.TooManyConnections, errors.ConfigurationLimitExceeded),
        StoreBusyError,
        "has no connection left; lower pool_size or put a pooler before it",
    ),
    (
        (errors.DiskFull, errors.OutOfMemory),
        StoreFullError,
        "has no space left; nothing was written, reads go on",
    ),
    (
        (errors.DataCorrupted, errors.IndexCorrupted),
        CorruptStoreError,
        "is damaged; run pg_amcheck, and restore a backup",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        StoreError,
        "cannot be written: this server is a standby; name the primary, or every host of the "
        "cluster with target_session_attrs=read-write",
    ),
    (
        (errors.InsufficientPrivilege,),
        StoreError,
        "may not be used by this role; grant it the schema, or let it make one",
    ),
)

_PASSING = (
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.IdleSessionTimeout,
    errors.ReadOnlySqlTransaction,  # the primary became a standby
)


def may_pass(error: psycopg.Error) -> bool:
    """Whether a new connection may find what this one lost: a server started or promoted anew."""
    if isinstance(error, _PASSING):
        return True
    lost = isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    told = isinstance(error, (PoolTimeout, errors.PipelineAborted)) or error.sqlstate is not None
    return lost and not told


@contextmanager
def translated(location: str) -> Iterator[None]:
    """Turn the driver's errors into ours, chained.

    Raises:
        StoreError: or one of its kinds, by the table above.
        InputError: An id that exists already or is too long.
    """
    try:
        yield
    except errors.UniqueViolation as error:
        table = error.diag.table_name or "the store"
        raise InputError(
            f"an id in {table} exists already in this scope; ids are used once"
        ) from error
    except errors.ProgramLimitExceeded as error:
        raise InputError("an id is too long to be found again; 2,000 bytes are safe") from error
    except psycopg.Error as error:
        raise _translation(error, location) from error


def _translation(error: psycopg.Error, location: str) -> StoreError:
    for theirs, ours, words in _TABLE:
        if isinstance(error, theirs):
            return ours(f"the store at {location} {words}")
    if error.sqlstate is None:
        return StoreError(
            f"the store at {location} cannot be reached; check that the server runs and the DSN "
            f"({_first_line(error)})"
        )
    # Not the server's own message: it may quote a row.
    what = f"{type(error).__name__} (SQLSTATE {error.sqlstate})"
    return StoreError(f"the store at {location} failed with {what}; the server's log tells more")


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0]

"""What callers hand over, checked at the door: times, metadata, paths and patterns of them.

Decides what can be stored; the message says what is wrong and how to mend it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from context_manager.errors import InputError
from context_manager.records.number import is_finite

METADATA_BYTES = 16_384
"""Longest metadata of one turn, message or entry, as JSON."""

METADATA_DEPTH = 8
"""Most tables and lists inside one another in metadata."""


def checked_time(value: object) -> float:
    """A timestamp as float.

    Raises:
        InputError: Not a finite number.
    """
    if is_finite(value):
        return float(value)
    raise InputError(
        "a timestamp must be a finite number of seconds since 1970 (of a datetime, its "
        f".timestamp()), got {value!r:.100}"
    )


def checked_as_of(value: object) -> float | None:
    """A time to look back to as float; None, for no such time, stays.

    Raises:
        InputError: Not a finite number.
    """
    return None if value is None else checked_time(value)


def checked_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Metadata as a plain dict.

    Raises:
        InputError: It cannot be written as JSON, is longer than `METADATA_BYTES`, or is nested
            deeper than `METADATA_DEPTH`.
    """
    if not metadata:
        return {}
    if not isinstance(metadata, Mapping):
        raise InputError(f"metadata must be a dict, got {type(metadata).__name__}")
    try:
        packed = json.dumps(dict(metadata), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"metadata must be JSON-ready: {error}") from error
    if len(packed) > METADATA_BYTES:
        raise InputError(
            f"metadata has {len(packed):,} bytes as JSON, at most {METADATA_BYTES:,} are allowed; "
            "what is long belongs into a text"
        )
    plain: dict[str, Any] = json.loads(packed)
    if _depth(plain) > METADATA_DEPTH:
        raise InputError(f"metadata is nested deeper than {METADATA_DEPTH} levels")
    return plain


def checked_path(given: object) -> Path:
    """A path that the system can look for, whether or not something is there.

    Raises:
        InputError: No path, empty, or one that no file can have.
    """
    if not isinstance(given, (str, os.PathLike)) or not str(given):
        raise InputError(f"a path must be a text or a Path that is not empty, got {given!r:.100}")
    try:
        path = Path(given)
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(given)!r:.100} cannot be a path: {reason}") from error
    return path


def checked_glob(pattern: object) -> str:
    """A pattern of names below a directory, such as ``**/*.md``.

    Raises:
        InputError: No text, empty, absolute, or one that leads out of the directory.
    """
    if not isinstance(pattern, str) or not pattern.strip(".") or "\0" in pattern:
        raise InputError(f"a glob must be a pattern such as '**/*.md', got {pattern!r:.100}")
    parts = PurePath(pattern).parts
    if PurePath(pattern).is_absolute() or ".." in parts:
        raise InputError(
            f"the glob {pattern!r:.100} leads out of the directory; leave / and .. out"
        )
    if any("**" in part and part != "**" for part in parts):
        raise InputError(f"in the glob {pattern!r:.100} ** must stand alone between slashes")
    return pattern


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, dict | list) else 0

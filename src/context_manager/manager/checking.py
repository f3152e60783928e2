"""What callers hand over, checked at the door: times and metadata.

Decides what can be stored; the message says what is wrong and how to mend it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from context_manager.errors import InputError

METADATA_BYTES = 16_384
"""Longest metadata of one turn, message or entry, as JSON."""

METADATA_DEPTH = 8
"""Most tables and lists inside one another in metadata."""


def checked_time(value: object) -> float:
    """A timestamp as float.

    Raises:
        InputError: Not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"a timestamp must be a finite number of seconds, got {value!r}")
    return float(value)


def checked_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Metadata as a plain dict.

    Raises:
        InputError: It cannot be written as JSON, is longer than `METADATA_BYTES`, or is nested
            deeper than `METADATA_DEPTH`.
    """
    if not metadata:
        return {}
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


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, dict | list) else 0

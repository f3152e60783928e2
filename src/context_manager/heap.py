"""Gives freed memory back to the system, where the C library would keep it for later.

Decides how. After a large memory was read once, what was freed would otherwise count as taken for
as long as the process lives.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Any


def give_back() -> None:
    """Give it back; does nothing where the C library has no way to."""
    trim = _trim()
    if trim is not None:
        trim(0)


@lru_cache(maxsize=1)
def _trim() -> Any | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)

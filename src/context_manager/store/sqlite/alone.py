"""One process and thread at a time at the stores of a directory: to open one, or to replace one.

Decides that this is a lock of the directory, so that no further file lies about. A store that is
half made looks like an old one, or like another application's; and one that is replaced while it
is being opened would share its log with the file that took its place.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    from fcntl import LOCK_EX, LOCK_UN, flock
except ImportError:  # pragma: no cover - Windows: there SQLite's own locks must do
    flock = None  # type: ignore[assignment]

Lock = Callable[[int, int], None]


class _Held(threading.local):
    """The directories that this thread has locked."""

    def __init__(self) -> None:
        self.places: set[Path] = set()


_held = _Held()


@contextmanager
def alone(path: str, lock: Lock | None = flock) -> Iterator[None]:
    """Keep others from opening or replacing a store of this file's directory.

    Whoever is alone already stays so. Where the directory cannot be locked, SQLite's own locks
    must do.

    Args:
        path: A file; it may be missing.
        lock: Locks an open directory as `fcntl.flock` does; None where nothing can.
    """
    place = Path(path).absolute().parent
    directory = None if lock is None or place in _held.places else _opened(place)
    if lock is None or directory is None:
        yield
        return
    _held.places.add(place)
    try:
        with suppress(OSError):  # not every file system can
            lock(directory, LOCK_EX)
        yield
    finally:
        _held.places.discard(place)
        with suppress(OSError):
            lock(directory, LOCK_UN)  # a copy of the descriptor in a child must not hold it
        os.close(directory)


def _opened(directory: Path) -> int | None:
    """The directory, to lock it; None where it may not be read."""
    with suppress(OSError):
        return os.open(directory, os.O_RDONLY)
    return None

"""Everything a manager holds, to one file and back.

Decides the direction, and that a file appears under its name when it is whole; copying between
stores is `memory.transfer`'s.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from context_manager.errors import InputError, NotFoundError, StoreError
from context_manager.memory.transfer import copy_all
from context_manager.store import stores

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


def save(cm: ContextManager, path: Path) -> None:
    """Write all memory to a new file; see `ContextManager.save`."""
    if path.exists():
        raise InputError(f"{path} exists already; choose another name or remove it first")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path.absolute().parent} is no directory; make it first")
    part = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with closing(stores.create("sqlite", part)) as target:
            copy_all(cm.archive.store, target, cm.count, cm.model())
        part.rename(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                part.with_name(part.name + ending).unlink(missing_ok=True)


def load(cm: ContextManager, path: Path) -> None:
    """Read what `save` wrote into an empty manager; see `ContextManager.load`."""
    if not path.exists():
        raise NotFoundError(f"{path} does not exist")
    with closing(stores.create("sqlite", path)) as source:
        copy_all(source, cm.archive.store, cm.count, cm.model())

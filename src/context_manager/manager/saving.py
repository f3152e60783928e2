"""Everything a manager holds, to one file and back.

Decides only the direction; copying between stores is `memory.transfer`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from context_manager.errors import InputError, NotFoundError
from context_manager.memory.transfer import copy_all
from context_manager.store import stores

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


def save(cm: ContextManager, path: Path) -> None:
    """Write all memory to a new file; see `ContextManager.save`."""
    if path.exists():
        raise InputError(f"{path} exists already; choose another name or remove it first")
    target = stores.create("sqlite", path)
    try:
        copy_all(cm.archive.store, target, cm.count, cm.model())
    finally:
        target.close()


def load(cm: ContextManager, path: Path) -> None:
    """Read what `save` wrote into an empty manager; see `ContextManager.load`."""
    if not path.exists():
        raise NotFoundError(f"{path} does not exist")
    source = stores.create("sqlite", path)
    try:
        copy_all(source, cm.archive.store, cm.count, cm.model())
    finally:
        source.close()

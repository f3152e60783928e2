"""Back ends that keep turns, entries and passages, behind the `Store` protocol, chosen by name."""

from __future__ import annotations

import os
from typing import Any

from context_manager.registry import Registry
from context_manager.store.protocol import Store

stores: Registry[Store] = Registry(
    "context_manager.stores",
    {
        "memory": "context_manager.store.memory:MemoryStore",
        "postgres": "context_manager.store.postgres:PostgresStore",
        "postgresql": "context_manager.store.postgres:PostgresStore",
        "sqlite": "context_manager.store.sqlite:SQLiteStore",
    },
)

_SQLITE = "sqlite:///"


def open_store(place: str | os.PathLike[str], **options: Any) -> Store:
    """The store at a place: an SQLite file, or an address like ``postgresql://host/name``.

    Args:
        place: Path of the file (``sqlite:///path`` names one too), or an address whose scheme is
            the name of a back end.
        options: Keywords of the back end.

    Raises:
        StoreError: It cannot be opened; the message names the place and the reason.
    """
    text = os.fspath(place)
    if text.startswith(_SQLITE):
        return stores.create("sqlite", text.removeprefix(_SQLITE), **options)
    name, found, _ = text.partition("://")
    return stores.create(name if found else "sqlite", place, **options)


__all__ = ["Store", "open_store", "stores"]

"""Back ends that keep turns, entries and passages, behind the `Store` protocol, chosen by name."""

from __future__ import annotations

from context_manager.registry import Registry
from context_manager.store.protocol import Store

stores: Registry[Store] = Registry(
    "context_manager.stores",
    {
        "memory": "context_manager.store.memory:MemoryStore",
        "sqlite": "context_manager.store.sqlite:SQLiteStore",
    },
)

__all__ = ["Store", "stores"]

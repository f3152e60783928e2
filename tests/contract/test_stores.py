"""Every store that comes with the package keeps every promise of the protocol."""

from __future__ import annotations

from pathlib import Path

from context_manager.store import Store
from context_manager.store.memory import MemoryStore
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import DurableStoreContract, StoreContract


class TestMemoryStore(StoreContract):
    def open(self, place: Path) -> Store:
        return MemoryStore()


class TestSQLiteStoreNormal(DurableStoreContract):
    def open(self, place: Path) -> Store:
        return SQLiteStore(place / "memory.db", durability="normal")


class TestSQLiteStoreFull(DurableStoreContract):
    def open(self, place: Path) -> Store:
        return SQLiteStore(place / "memory.db", durability="full")

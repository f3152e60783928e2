"""Every store that comes with the package keeps every promise of the protocol."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from context_manager.store import Store
from context_manager.store.memory import MemoryStore
from context_manager.store.postgres import PostgresStore
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import HOME, DurableStoreContract, StoreContract
from context_manager.testing.store_promises.samples import everything
from support import postgres


class TestMemoryStore(StoreContract):
    def open(self, place: Path) -> Store:
        return MemoryStore()


class TestSQLiteStoreNormal(DurableStoreContract):
    def open(self, place: Path) -> Store:
        return SQLiteStore(place / "memory.db", durability="normal")


class TestSQLiteStoreFull(DurableStoreContract):
    def open(self, place: Path) -> Store:
        return SQLiteStore(place / "memory.db", durability="full")


class TestPostgresStore(DurableStoreContract):
    def open(self, place: Path) -> Store:
        return postgres.store_for(place)


READING = {
    "entries", "find", "ledger", "models", "pending", "rows", "sessions", "turns",
    "unconsolidated", "vectors", "version",
}  # fmt: skip
"""Every way of reading what a partition holds."""

WITHOUT_CONTENT = {"apply", "close", "location", "partitions", "secret"}


class Recorder:
    """Passes every call on and remembers its name."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.called.add(name)
        return getattr(self.store, name)


def test_the_isolation_promises_cover_every_way_of_reading() -> None:
    """A new way of reading fails here until the promises look through it."""
    public = {name for name in vars(Store) if not name.startswith("_")}
    assert public == READING | WITHOUT_CONTENT
    recorder = Recorder(MemoryStore())
    everything(recorder, HOME)  # type: ignore[arg-type]
    assert recorder.called == READING


@pytest.mark.parametrize("store", [MemoryStore, SQLiteStore, PostgresStore, Store])
@pytest.mark.parametrize("name", sorted(READING | {"apply"}))
def test_whose_memory_it_is_must_always_be_said(store: type, name: str) -> None:
    """The partition or the scope comes first and has no default."""
    _, first, *_ = inspect.signature(getattr(store, name)).parameters.values()
    assert first.name in {"partition", "scope"}
    assert first.default is inspect.Parameter.empty

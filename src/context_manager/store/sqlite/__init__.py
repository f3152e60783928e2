"""Everything in one SQLite file: turns, entries, words and vectors, in one transaction each."""

from context_manager.store.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]

"""A store in the memory of this process, gone with it."""

from context_manager.store.memory.store import MemoryStore

__all__ = ["MemoryStore"]

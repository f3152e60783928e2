"""The manager: the one class that users hold, and the only reader of `Config`."""

from context_manager.manager.hooks import Hook
from context_manager.manager.ingesting import NoteInput
from context_manager.manager.manager import ContextManager
from context_manager.manager.named import AsyncContextManager, BatchContextManager
from context_manager.manager.observing import TurnInput

__all__ = [
    "AsyncContextManager",
    "BatchContextManager",
    "ContextManager",
    "Hook",
    "NoteInput",
    "TurnInput",
]

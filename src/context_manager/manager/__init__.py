"""The manager: the one class that users hold, and the only reader of `Config`."""

from context_manager.manager.manager import ContextManager

__all__ = ["ContextManager"]

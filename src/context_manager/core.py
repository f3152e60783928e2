"""`ContextManager` and `Config` under the path that applications import them from."""

from context_manager.config import Config
from context_manager.manager import ContextManager

__all__ = ["Config", "ContextManager"]

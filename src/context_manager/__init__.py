"""Memory and context for LLM agents.

`ContextManager.observe` remembers; `ContextManager.build_context` returns a finished prompt, exact
in its token budget, with every slot explained. Names are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from context_manager.adaptive import AdaptiveContextManager
    from context_manager.config import (
        Config,
        EmbeddingConfig,
        LLMConfig,
        MemoryConfig,
        SpendConfig,
        VectorStoreConfig,
    )
    from context_manager.errors import BatchError, ContextManagerError
    from context_manager.manager import (
        AsyncContextManager,
        BatchContextManager,
        ContextManager,
        Hook,
        NoteInput,
        TurnInput,
    )
    from context_manager.monitoring import MonitoredContextManager
    from context_manager.records import (
        Context,
        MemoryEntry,
        Message,
        Operation,
        Scope,
        Slot,
        Trust,
        Turn,
    )

__version__ = "0.1.0"

_HOME = {
    "AdaptiveContextManager": "context_manager.adaptive",
    "AsyncContextManager": "context_manager.manager",
    "BatchContextManager": "context_manager.manager",
    "ContextManager": "context_manager.manager",
    "Hook": "context_manager.manager",
    "MonitoredContextManager": "context_manager.monitoring",
    "NoteInput": "context_manager.manager",
    "TurnInput": "context_manager.manager",
    "Config": "context_manager.config",
    "EmbeddingConfig": "context_manager.config",
    "LLMConfig": "context_manager.config",
    "MemoryConfig": "context_manager.config",
    "BatchError": "context_manager.errors",
    "SpendConfig": "context_manager.config",
    "VectorStoreConfig": "context_manager.config",
    "ContextManagerError": "context_manager.errors",
    "Context": "context_manager.records",
    "MemoryEntry": "context_manager.records",
    "Message": "context_manager.records",
    "Operation": "context_manager.records",
    "Scope": "context_manager.records",
    "Slot": "context_manager.records",
    "Trust": "context_manager.records",
    "Turn": "context_manager.records",
}

__all__ = [
    "AdaptiveContextManager",
    "AsyncContextManager",
    "BatchContextManager",
    "BatchError",
    "Config",
    "Context",
    "ContextManager",
    "ContextManagerError",
    "EmbeddingConfig",
    "Hook",
    "LLMConfig",
    "MemoryConfig",
    "MemoryEntry",
    "Message",
    "MonitoredContextManager",
    "NoteInput",
    "Operation",
    "Scope",
    "Slot",
    "SpendConfig",
    "Trust",
    "Turn",
    "TurnInput",
    "VectorStoreConfig",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

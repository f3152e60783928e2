"""Memory for programs that are not written for it; each integration is imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from context_manager.integrations.clients import wrap_anthropic, wrap_openai
    from context_manager.integrations.decorator import with_memory

_HOME = {
    "with_memory": "context_manager.integrations.decorator",
    "wrap_anthropic": "context_manager.integrations.clients",
    "wrap_openai": "context_manager.integrations.clients",
}

__all__ = ["with_memory", "wrap_anthropic", "wrap_openai"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)

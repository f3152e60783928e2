"""Counts and settings of a manager, JSON-ready. It changes nothing and shows no content."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from context_manager.manager import guarding

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


def stats(cm: ContextManager) -> dict[str, Any]:
    """What `ContextManager.get_stats` returns."""
    memory = asdict(cm.config.memory)
    return {
        "scope": asdict(cm.scope),
        "short_term_memory": cm.short_term_memory.get_stats(),
        "long_term_memory": cm.long_term_memory.get_stats(),
        "config": {
            **memory,
            "llm_provider": cm.config.llm.provider,
            "llm_model": cm.config.llm.model or getattr(cm.llm_adapter, "model", None),
            "embedding_model": cm.config.embedding.model,
            "token_model": cm.config.token_model,
        },
        "llm": guarding.figures(cm),
        "store": cm.archive.store.location or "memory",
    }

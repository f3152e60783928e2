"""Parts of a manager that follow its settings: made when first used, made anew when these change.

Decides when a part is made. A part that was assigned stands in the way of this one for good, for
the manager it was assigned to and all that is scoped from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from context_manager.config import Config
from context_manager.embedding import EmbeddingProvider
from context_manager.forks import ForkSafeLock
from context_manager.llm.adapters import LLMAdapter, create_llm_adapter
from context_manager.memory.summarizer import HierarchicalSummarizer
from context_manager.tokens import TokenCounter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


class Made:
    """The parts made so far, shared by a manager and all that is scoped from it."""

    def __init__(self) -> None:
        self.lock = ForkSafeLock()
        self.parts: dict[str, tuple[object, Any]] = {}  # by name, with the settings it is made of


class FromSettings:
    """A part of a manager as the settings say now.

    It is a descriptor without ``__set__``: what is assigned to the attribute takes its place.

    Args:
        reads: The settings that the part is made of, as a value that compares.
        make: Makes the part; what it was made of before, and that part, are handed in if there is
            one already.
    """

    def __init__(
        self,
        reads: Callable[[Config], object],
        make: Callable[[ContextManager, tuple[Any, Any] | None], Any],
    ) -> None:
        self._reads = reads
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, cm: Any, owner: type | None = None) -> Any:
        if cm is None:
            return self
        made: Made = cm.made
        wanted = self._reads(cm.config)
        known = made.parts.get(self._name)
        if known is not None and known[0] == wanted:
            return known[1]
        with made.lock:
            known = made.parts.get(self._name)
            if known is None or known[0] != wanted:
                known = made.parts[self._name] = wanted, self._make(cm, known)
            return known[1]


def token_counter() -> Any:
    """Counts by ``token_model``."""
    return FromSettings(
        lambda config: config.token_model, lambda cm, _: TokenCounter(cm.config.token_model)
    )


def embedding_provider() -> Any:
    """The embedder of ``embedding``."""
    return FromSettings(
        lambda config: (
            config.embedding.model,
            config.embedding.threads,
            dict(config.embedding.options),
        ),
        _embedding_provider,
    )


def llm_adapter() -> Any:
    """The model of ``llm``."""
    return FromSettings(_llm, _llm_adapter)


def summarizer() -> Any:
    """Summarises with the model of ``llm``; the former one is told what has changed."""
    return FromSettings(
        lambda config: (_llm(config), config.memory.summary_compression_ratio), _summarizer
    )


def _llm(config: Config) -> object:
    llm = config.llm
    return llm.provider, llm.api_key, llm.model, dict(llm.options)


def _embedding_provider(cm: ContextManager, _: object) -> EmbeddingProvider:
    embedding = cm.config.embedding
    return EmbeddingProvider(embedding.model, threads=embedding.threads, **embedding.options)


def _llm_adapter(cm: ContextManager, _: object) -> LLMAdapter:
    llm = cm.config.llm
    return create_llm_adapter(llm.provider, api_key=llm.api_key, model=llm.model, **llm.options)


def _summarizer(cm: ContextManager, before: tuple[Any, Any] | None) -> HierarchicalSummarizer:
    ratio = cm.config.memory.summary_compression_ratio
    model = None if cm.config.llm.provider == "none" else cm.llm_adapter
    if before is None:
        return HierarchicalSummarizer(model, ratio)
    (llm, _), former = before
    former.compression_ratio = ratio
    if llm != _llm(cm.config):
        former.llm_adapter = model
    kept: HierarchicalSummarizer = former
    return kept

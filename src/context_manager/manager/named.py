"""Names for two ways of using a manager, for those who look for them; every manager can do both."""

from __future__ import annotations

from typing import Any

from context_manager.config import Config
from context_manager.errors import ConfigError
from context_manager.manager.manager import ContextManager


class AsyncContextManager(ContextManager):
    """A `ContextManager` under the name that says: awaited methods, ``async with``, `aclose`.

    Example:
        >>> import asyncio
        >>> from context_manager import AsyncContextManager
        >>> async def talk():
        ...     async with AsyncContextManager() as cm:
        ...         await cm.observe_async("My bike is green", "Noted")
        ...         return await cm.build_context_async("Which colour is my bike?")
        >>> "green" in asyncio.run(talk())
        True
    """


class BatchContextManager(ContextManager):
    """A `ContextManager` whose batches work on ``max_workers`` items at once.

    Args:
        config: Settings; the defaults when left out.
        max_workers: Items of a batch that are worked on at once, at least 1.
        parts: Further keywords of `ContextManager`.

    Raises:
        ConfigError: ``max_workers`` is below 1.
    """

    def __init__(self, config: Config | None = None, max_workers: int = 4, **parts: Any) -> None:
        if max_workers < 1:
            raise ConfigError(f"max_workers must be at least 1, got {max_workers}")
        super().__init__(config, **parts)
        self.max_workers = max_workers

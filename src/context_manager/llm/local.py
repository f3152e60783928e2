"""Adapters that talk to no provider: none, echo, a function, and a name nobody registered yet."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from context_manager.errors import LLMNotConfiguredError
from context_manager.llm.adapters import LLMAdapter, checked_text


class NoLLMAdapter(LLMAdapter):
    """Stands where no model is configured: constructible, and every call says so."""

    def __init__(self, **ignored: Any) -> None:
        """Accept whatever any provider takes."""

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """Raise `LLMNotConfiguredError`."""
        return self.generate_sync(prompt, **kwargs)

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """Raise `LLMNotConfiguredError`."""
        raise LLMNotConfiguredError(
            'no LLM is configured; set LLMConfig(provider="openai", ...) or pass an adapter'
        )


class EchoAdapter(LLMAdapter):
    """Answers with the prompt itself: shows what a model would have been given."""

    def __init__(self, **ignored: Any) -> None:
        """Accept whatever any provider takes."""

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The prompt."""
        return prompt

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The prompt."""
        return prompt


class CallableAdapter(LLMAdapter):
    """A function as a language model.

    Args:
        function: Takes the prompt and returns text, or an awaitable of it. ``max_tokens`` and
            ``temperature`` are passed as far as it accepts them.
        ignored: What any provider takes; a function has no use for it.

    Example:
        >>> CallableAdapter(lambda prompt: prompt[::-1]).generate_sync("abc")
        'cba'
    """

    def __init__(
        self, function: Callable[..., str] | Callable[..., Awaitable[str]], **ignored: Any
    ) -> None:
        self.function = function
        self._accepts = _accepted_keywords(function)

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The function's answer; a plain function runs in a thread."""
        if inspect.iscoroutinefunction(self.function):
            return checked_text(await self._call(prompt, kwargs))
        import asyncio

        answer = await asyncio.to_thread(self._call, prompt, kwargs)
        return checked_text(await answer if inspect.isawaitable(answer) else answer)

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The function's answer; a coroutine runs to its end, in a loop of its own."""
        answer = self._call(prompt, kwargs)
        if not inspect.isawaitable(answer):
            return checked_text(answer)
        import asyncio

        with ThreadPoolExecutor(1) as beside:  # this thread may already run a loop
            return checked_text(beside.submit(asyncio.run, _wait(answer)).result())

    def _call(self, prompt: str, keywords: dict[str, Any]) -> Any:
        accepted = keywords if self._accepts is None else keywords.keys() & self._accepts
        return self.function(prompt, **{name: keywords[name] for name in accepted})


class UnregisteredAdapter(LLMAdapter):
    """Stands for a provider whose name is unknown so far; looked up again at each first use.

    Args:
        create: Makes the real adapter, or raises `ConfigError` while the name is unknown.
    """

    def __init__(self, create: Callable[[], LLMAdapter]) -> None:
        self._create = create
        self._real: LLMAdapter | None = None

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The answer of the adapter that has been registered meanwhile."""
        return await self._found().generate(prompt, **kwargs)

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The answer of the adapter that has been registered meanwhile."""
        return self._found().generate_sync(prompt, **kwargs)

    def _found(self) -> LLMAdapter:
        if self._real is None:
            self._real = self._create()
        return self._real


def as_adapter(model: Any) -> LLMAdapter:
    """Whatever stands for a model as an adapter.

    Args:
        model: An adapter, None, an object with ``generate_sync``, or a function of a prompt.
    """
    if isinstance(model, LLMAdapter):
        return model
    return (
        NoLLMAdapter() if model is None else CallableAdapter(getattr(model, "generate_sync", model))
    )


def _accepted_keywords(function: Callable[..., Any]) -> frozenset[str] | None:
    """Names of the keywords a function takes; None if it takes any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a built-in without a signature
        return frozenset()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)


async def _wait(answer: Awaitable[Any]) -> Any:
    return await answer

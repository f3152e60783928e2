"""The seam to language models: what an adapter is, and how one is made by name.

This file decides the interface and the names; it knows no provider. An adapter needs two methods
and no call of ``super().__init__()``. Everything else has a default made of these two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from context_manager.errors import LLMError
from context_manager.flow import LLMRequest
from context_manager.registry import Registry


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the provider counts them."""

    prompt_tokens: int
    completion_tokens: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.prompt_tokens + self.completion_tokens


OnUsage: TypeAlias = Callable[[Usage], object]


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer and what it took; `usage` is None where the provider does not tell."""

    text: str
    usage: Usage | None = None


class LLMAdapter(ABC):
    """A language model. Subclass it with two methods, or wrap a function in `CallableAdapter`.

    Keywords that callers of ours pass are ``max_tokens`` and ``temperature``.

    Example:
        >>> class Shout(LLMAdapter):
        ...     async def generate(self, prompt, **kwargs):
        ...         return self.generate_sync(prompt, **kwargs)
        ...     def generate_sync(self, prompt, **kwargs):
        ...         return prompt.upper()
        >>> Shout().generate_sync("hello")
        'HELLO'
    """

    bounded: bool = False
    """True where the adapter itself tries again after a failure and keeps a deadline."""

    @abstractmethod
    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The model's answer as text."""

    @abstractmethod
    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The model's answer as text, for code that does not await."""

    def complete_sync(self, prompt: str, **kwargs: Any) -> Completion:
        """The answer with its usage, where the provider tells it."""
        return Completion(checked_text(self.generate_sync(prompt, **kwargs)))

    async def complete(self, prompt: str, **kwargs: Any) -> Completion:
        """The answer with its usage, where the provider tells it, for code that awaits."""
        return Completion(checked_text(await self.generate(prompt, **kwargs)))

    def stream_sync(
        self, prompt: str, *, on_usage: OnUsage | None = None, **kwargs: Any
    ) -> Iterator[str]:
        """The answer in pieces; in one piece where the provider does not stream.

        Args:
            prompt: The whole prompt.
            on_usage: Called at the end with what the call took, where the provider tells it.
            kwargs: As for `generate`.
        """
        completion = self.complete_sync(prompt, **kwargs)
        yield completion.text
        _tell(on_usage, completion)

    async def stream(
        self, prompt: str, *, on_usage: OnUsage | None = None, **kwargs: Any
    ) -> AsyncIterator[str]:
        """The answer in pieces, for code that awaits; see `stream_sync`."""
        completion = await self.complete(prompt, **kwargs)
        yield completion.text
        _tell(on_usage, completion)

    def answer_sync(self, request: LLMRequest) -> str:
        """Answer a request of a flow.

        Raises:
            LLMError: The adapter returned something other than text.
        """
        return self.complete_sync(
            request.prompt, max_tokens=request.max_tokens, temperature=request.temperature
        ).text

    async def answer(self, request: LLMRequest) -> str:
        """Answer a request of a flow, for code that awaits."""
        completion = await self.complete(
            request.prompt, max_tokens=request.max_tokens, temperature=request.temperature
        )
        return completion.text


def _tell(on_usage: OnUsage | None, completion: Completion) -> None:
    if on_usage is not None and completion.usage is not None:
        on_usage(completion.usage)


def checked_text(answer: object) -> str:
    """The answer if it is text.

    Raises:
        LLMError: It is something else.
    """
    if not isinstance(answer, str):
        raise LLMError(f"an adapter must return str, this one returned {type(answer).__name__}")
    return answer


ADAPTERS: Registry[LLMAdapter] = Registry(
    "context_manager.llm",
    {
        "none": "context_manager.llm.local:NoLLMAdapter",
        "echo": "context_manager.llm.local:EchoAdapter",
        "callable": "context_manager.llm.local:CallableAdapter",
        "openai": "context_manager.llm.openai_sdk:OpenAIAdapter",
        "anthropic": "context_manager.llm.anthropic_sdk:AnthropicAdapter",
        "ollama": "context_manager.llm.openai_sdk:ollama",
        "vllm": "context_manager.llm.openai_sdk:vllm",
        "lmstudio": "context_manager.llm.openai_sdk:lmstudio",
        "litellm": "context_manager.llm.openai_sdk:litellm",
    },
)
"""Adapters by provider name; installed packages add theirs through the entry-point group."""


def create_llm_adapter(
    provider: str, api_key: str | None = None, model: str | None = None, **kwargs: Any
) -> LLMAdapter:
    """Make the adapter of a provider. Needs no key, SDK or network until its first use.

    Args:
        provider: A name in `ADAPTERS`. A name that is not there yet is accepted, since it may be
            registered later; using the adapter before that raises.
        api_key: None lets the provider's own environment variable decide.
        model: None takes the provider's default.
        kwargs: Further keywords of the adapter, e.g. ``base_url``.
    """
    if model is not None:
        kwargs["model"] = model
    if provider in ADAPTERS:
        return ADAPTERS.create(provider, api_key=api_key, **kwargs)
    from context_manager.llm.local import UnregisteredAdapter

    return UnregisteredAdapter(lambda: ADAPTERS.create(provider, api_key=api_key, **kwargs))


def register_llm_adapter(name: str, factory: str | Callable[..., LLMAdapter]) -> None:
    """Add or replace a provider.

    Args:
        name: What `LLMConfig.provider` says.
        factory: Called with ``api_key`` and, where given, ``model`` and further keywords; or
            ``"package.module:attribute"``, imported when first needed.
    """
    ADAPTERS.register(name, factory)

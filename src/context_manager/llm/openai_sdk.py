"""OpenAI's models, and every server that speaks their protocol, through the ``openai`` package.

This file decides how a prompt becomes a chat completion and how the package's errors become ours.
Retries, timeouts and streaming are the package's own. It is imported on first use.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from context_manager.errors import (
    LLMError,
    LLMNotConfiguredError,
    LLMRateLimitError,
    LLMTimeoutError,
    MissingExtraError,
)
from context_manager.llm.adapters import LLMAdapter

DEFAULT_MODEL = "gpt-4o-mini"


class OpenAIAdapter(LLMAdapter):
    """A chat model of OpenAI, or of any server with the same protocol.

    Args:
        api_key: None takes the environment variable ``OPENAI_API_KEY``.
        model: Name of the model.
        base_url: Another server, e.g. ``http://localhost:11434/v1``; None takes the environment
            variable ``OPENAI_BASE_URL`` or OpenAI's own.
        timeout: Seconds one attempt may take.
        max_retries: Further attempts after a failure that may pass.
    """

    def __init__(
        self,
        api_key: str | None = None,
        model: str = DEFAULT_MODEL,
        *,
        base_url: str | None = None,
        timeout: float = 60.0,
        max_retries: int = 2,
    ) -> None:
        self.model = model
        self._options: dict[str, Any] = {
            "api_key": api_key,
            "base_url": base_url,
            "timeout": timeout,
            "max_retries": max_retries,
        }

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The model's answer."""
        sdk = _sdk()
        try:
            reply = self._client.chat.completions.create(**self._payload(prompt, kwargs))
        except sdk.OpenAIError as error:
            raise _mapped(sdk, error) from error
        return _text_of(reply)

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The model's answer."""
        sdk = _sdk()
        try:
            reply = await self._async_client.chat.completions.create(
                **self._payload(prompt, kwargs)
            )
        except sdk.OpenAIError as error:
            raise _mapped(sdk, error) from error
        return _text_of(reply)

    @cached_property
    def _client(self) -> Any:
        return _sdk().OpenAI(**self._options)

    @cached_property
    def _async_client(self) -> Any:
        return _sdk().AsyncOpenAI(**self._options)

    def _payload(self, prompt: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            **kwargs,
        }


def _sdk() -> Any:
    try:
        import openai
    except ImportError as error:
        raise MissingExtraError("openai", "openai") from error
    return openai


def _text_of(reply: Any) -> str:
    content: str | None = reply.choices[0].message.content
    return content or ""


def _mapped(sdk: Any, error: Exception) -> LLMError:
    if isinstance(error, sdk.APITimeoutError):
        return LLMTimeoutError("the model did not answer in time")
    if isinstance(error, sdk.RateLimitError):
        return LLMRateLimitError("the provider asked us to slow down")
    if type(error) is sdk.OpenAIError:
        return LLMNotConfiguredError(f"the OpenAI client cannot be made: {error}")
    return LLMError(f"the model call failed with {type(error).__name__}")

"""Anthropic's models through the ``anthropic`` package.

This file decides how a prompt becomes a message and how its answer is read.
"""

from __future__ import annotations

from inspect import signature
from types import ModuleType
from typing import Any

from context_manager.errors import LLMNotConfiguredError
from context_manager.llm.adapters import Completion, Usage
from context_manager.llm.sdk import SDKAdapter

DEFAULT_MODEL = "claude-haiku-4-5"
DEFAULT_MAX_TOKENS = 1000
"""Anthropic's interface needs a limit."""


class AnthropicAdapter(SDKAdapter):
    """A model of Anthropic.

    Args:
        api_key: None takes the environment variable ``ANTHROPIC_API_KEY``.
        model: Name of the model.
        base_url: Another server; None takes ``ANTHROPIC_BASE_URL`` or Anthropic's own.
        timeout: Seconds one attempt may wait for the provider, and one piece of a stream.
        deadline: Seconds an answer may take in all, retries and waiting included.
        max_retries: Further attempts after a failure that may pass.
        options: Further keywords of ``anthropic.AsyncAnthropic``.
    """

    module = "anthropic"

    def __init__(
        self,
        api_key: str | None = None,
        model: str = DEFAULT_MODEL,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        deadline: float = 90.0,
        max_retries: int = 2,
        **options: Any,
    ) -> None:
        super().__init__(
            model, timeout, deadline, max_retries, api_key=api_key, base_url=base_url, **options
        )

    def _new_client(self, sdk: ModuleType) -> Any:
        client = sdk.AsyncAnthropic(**self._options)
        if not (client.api_key or client.auth_token or client.credentials):
            raise LLMNotConfiguredError(
                "no key for Anthropic; set ANTHROPIC_API_KEY or LLMConfig(api_key=...)"
            )
        return client

    def _payload(self, prompt: str, keywords: dict[str, Any]) -> dict[str, Any]:
        payload = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": DEFAULT_MAX_TOKENS,
            **keywords,
        }
        if "temperature" in self._refused:
            payload.pop("temperature", None)
        return payload

    async def _send(self, client: Any, payload: dict[str, Any]) -> Any:
        taken = signature(client.messages.create).parameters  # newer ones take no temperature
        return await client.messages.create(**{k: v for k, v in payload.items() if k in taken})

    def _read(self, reply: Any) -> Completion:
        text = "".join(block.text for block in reply.content if block.type == "text")
        return Completion(text, Usage(reply.usage.input_tokens, reply.usage.output_tokens))

    def _read_event(self, event: Any) -> tuple[str, dict[str, int]]:
        if event.type == "content_block_delta":
            return getattr(event.delta, "text", ""), {}
        if event.type == "message_start":
            return "", {"prompt_tokens": event.message.usage.input_tokens}
        if event.type == "message_delta":
            return "", {"completion_tokens": event.usage.output_tokens}
        return "", {}

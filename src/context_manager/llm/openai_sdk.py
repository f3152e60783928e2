"""OpenAI's models, and every server that speaks their protocol, through the ``openai`` package.

This file decides how a prompt becomes a chat completion and where local servers listen.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

from context_manager.errors import LLMNotConfiguredError
from context_manager.llm.adapters import Completion, Usage
from context_manager.llm.sdk import SDKAdapter

DEFAULT_MODEL = "gpt-4o-mini"


class OpenAIAdapter(SDKAdapter):
    """A chat model of OpenAI, or of any server with the same protocol.

    Args:
        api_key: None takes the environment variable ``OPENAI_API_KEY``.
        model: Name of the model.
        base_url: Another server, e.g. ``http://localhost:11434/v1``; None takes the environment
            variable ``OPENAI_BASE_URL`` or OpenAI's own.
        timeout: Seconds one attempt may wait for the provider, and one piece of a stream.
        deadline: Seconds an answer may take in all, retries and waiting included.
        max_retries: Further attempts after a failure that may pass.
        options: Further keywords of ``openai.AsyncOpenAI``.
    """

    module = "openai"

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
        try:
            return sdk.AsyncOpenAI(**self._options)
        except sdk.OpenAIError as error:
            raise LLMNotConfiguredError(
                "no key for OpenAI; set OPENAI_API_KEY or LLMConfig(api_key=...)"
            ) from error

    def _payload(self, prompt: str, keywords: dict[str, Any]) -> dict[str, Any]:
        payload = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            **keywords,
        }
        if payload.get("stream"):
            payload.setdefault("stream_options", {"include_usage": True})
        if "temperature" in self._refused:
            payload.pop("temperature", None)
        if "max_tokens" in self._refused and "max_tokens" in payload:
            payload["max_completion_tokens"] = payload.pop("max_tokens")
        return payload

    async def _send(self, client: Any, payload: dict[str, Any]) -> Any:
        return await client.chat.completions.create(**payload)

    def _read(self, reply: Any) -> Completion:
        text = reply.choices[0].message.content or ""
        told = reply.usage
        usage = Usage(told.prompt_tokens, told.completion_tokens) if told else None
        return Completion(text, usage)

    def _read_event(self, event: Any) -> tuple[str, dict[str, int]]:
        text = (event.choices[0].delta.content or "") if event.choices else ""
        told = getattr(event, "usage", None)
        if not told:
            return text, {}
        return text, {
            "prompt_tokens": told.prompt_tokens,
            "completion_tokens": told.completion_tokens,
        }


def _local(
    default_url: str, api_key: str | None = None, base_url: str | None = None, **keywords: Any
) -> OpenAIAdapter:
    """A server on this machine; one that asks for no key never sees the environment's."""
    return OpenAIAdapter(api_key or "not-needed", base_url=base_url or default_url, **keywords)


ollama = partial(_local, "http://localhost:11434/v1")
vllm = partial(_local, "http://localhost:8000/v1")
lmstudio = partial(_local, "http://localhost:1234/v1")
litellm = partial(_local, "http://localhost:4000/v1")

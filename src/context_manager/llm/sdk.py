"""What the adapters over providers' own SDKs share: one awaited core, deadlines, errors.

This file decides how long a call may take in all and what each failure becomes. The SDK does
retries with backoff and jitter; what it leaves open is bounded here: a server that sends one byte
at a time, and a server that asks to wait for an hour. The request and the answer's form are the
providers' own (`openai_sdk`, `anthropic_sdk`).
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from context_manager.errors import (
    ContextManagerError,
    LLMError,
    LLMNotConfiguredError,
    LLMRateLimitError,
    LLMTimeoutError,
    LLMUnavailableError,
    MissingExtraError,
)
from context_manager.llm.adapters import Completion, LLMAdapter, OnUsage, Usage
from context_manager.llm.loop import SHARED

_KINDS: tuple[tuple[str, type[LLMError], str], ...] = (
    ("APITimeoutError", LLMTimeoutError, "did not answer in time"),
    ("RateLimitError", LLMRateLimitError, "asked us to slow down"),
    ("APIConnectionError", LLMUnavailableError, "could not be reached"),
    ("InternalServerError", LLMUnavailableError, "failed"),
    ("AuthenticationError", LLMNotConfiguredError, "refused the key"),
    ("APIStatusError", LLMError, "refused the request"),
)
"""The SDKs' errors by name, special ones first; both SDKs use the same names."""


class SDKAdapter(LLMAdapter):
    """A model behind a provider's own SDK, which is imported on first use.

    Args:
        model: Name of the model.
        timeout: Seconds one attempt may wait for the provider, and one piece of a stream.
        deadline: Seconds an answer may take in all, retries and waiting included.
        max_retries: Further attempts after a failure that may pass.
        options: Further keywords of the SDK's client.
    """

    bounded = True
    module: str
    """Name of the SDK's module, and of the extra that installs it."""

    def __init__(
        self, model: str, timeout: float, deadline: float, max_retries: int, **options: Any
    ) -> None:
        self.model = model
        self.timeout = timeout
        self.deadline = deadline
        self._options = {"timeout": timeout, "max_retries": max_retries, **options}
        self._client: tuple[asyncio.AbstractEventLoop, Any] | None = None
        self._refused: frozenset[str] = frozenset()  # keywords that this model does not take

    @abstractmethod
    def _new_client(self, sdk: ModuleType) -> Any:
        """The SDK's asynchronous client."""

    @abstractmethod
    def _payload(self, prompt: str, keywords: dict[str, Any]) -> dict[str, Any]:
        """The request's body."""

    @abstractmethod
    async def _send(self, client: Any, payload: dict[str, Any]) -> Any:
        """The SDK's reply, or its stream of events if the payload says so."""

    @abstractmethod
    def _read(self, reply: Any) -> Completion:
        """Text and usage of a reply."""

    @abstractmethod
    def _read_event(self, event: Any) -> tuple[str, dict[str, int]]:
        """Text of one event of a stream, and the fields of `Usage` that it tells."""

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The model's answer."""
        return self.complete_sync(prompt, **kwargs).text

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The model's answer."""
        return (await self.complete(prompt, **kwargs)).text

    def complete_sync(self, prompt: str, **kwargs: Any) -> Completion:
        """The model's answer and its usage.

        Raises:
            LLMError: Or one of its kinds; the SDK's own error is its cause.
        """
        return SHARED.run(self._complete(prompt, kwargs))

    async def complete(self, prompt: str, **kwargs: Any) -> Completion:
        """The model's answer and its usage, for code that awaits."""
        return await SHARED.wait(self._complete(prompt, kwargs))

    def stream_sync(
        self, prompt: str, *, on_usage: OnUsage | None = None, **kwargs: Any
    ) -> Iterator[str]:
        """The answer piece by piece; stopping early closes the connection."""
        SHARED.run(self._ready())
        pieces = self._pieces(prompt, kwargs, on_usage)
        try:
            while (piece := SHARED.run(self._next(pieces))) is not None:
                yield piece
        finally:
            SHARED.run(_close(pieces))

    async def stream(
        self, prompt: str, *, on_usage: OnUsage | None = None, **kwargs: Any
    ) -> AsyncIterator[str]:
        """The answer piece by piece, for code that awaits."""
        await SHARED.wait(self._ready())
        pieces = self._pieces(prompt, kwargs, on_usage)
        try:
            while (piece := await SHARED.wait(self._next(pieces))) is not None:
                yield piece
        finally:
            await SHARED.wait(_close(pieces))

    def close(self) -> None:
        """Close the connections; the adapter may be used again."""
        if self._client is not None:
            _, client = self._client
            self._client = None
            SHARED.run(client.close())

    async def _complete(self, prompt: str, keywords: dict[str, Any]) -> Completion:
        await self._ready()
        try:
            async with asyncio.timeout(self.deadline):
                reply = await self._request(prompt, keywords)
            return self._read(reply)
        except Exception as error:  # this is the driver: every failure gets one of our types
            raise self._mapped(error) from error

    async def _pieces(
        self, prompt: str, keywords: dict[str, Any], on_usage: OnUsage | None
    ) -> AsyncGenerator[str, None]:
        usage = {"prompt_tokens": 0, "completion_tokens": 0}
        events = await self._request(prompt, {**keywords, "stream": True})
        try:
            async for event in events:
                text, told = self._read_event(event)
                usage.update(told)
                if text:
                    yield text
        finally:
            await events.close()
        if on_usage is not None:
            on_usage(Usage(**usage))

    async def _next(self, pieces: AsyncGenerator[str, None]) -> str | None:
        try:
            async with asyncio.timeout(self.timeout):
                return await anext(pieces, None)
        except Exception as error:  # this is the driver: every failure gets one of our types
            raise self._mapped(error) from error

    async def _request(self, prompt: str, keywords: dict[str, Any]) -> Any:
        """Send; if the provider names a keyword that the model does not take, send without it."""
        client = await self._ready()
        try:
            return await self._send(client, self._payload(prompt, keywords))
        except self._sdk().BadRequestError as error:
            named = {word for word in ("max_tokens", "temperature") if word in str(error)}
            if not named or named <= self._refused:
                raise
            self._refused |= named
        return await self._send(client, self._payload(prompt, keywords))

    async def _ready(self) -> Any:
        """The client, made where it lives; importing the SDK counts against no deadline."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._client[0] is not loop:  # a fork has a loop of its own
            self._client = (loop, self._new_client(self._sdk()))
        return self._client[1]

    def _sdk(self) -> ModuleType:
        try:
            return import_module(self.module)
        except ImportError as error:
            raise MissingExtraError(self.module, self.module) from error

    def _mapped(self, error: Exception) -> Exception:
        if isinstance(error, ContextManagerError):
            return error
        if isinstance(error, TimeoutError):
            return LLMTimeoutError(f"{self.module} did not answer in time")
        sdk = self._sdk()
        for name, kind, what in _KINDS:
            if isinstance(error, getattr(sdk, name)):
                status = getattr(error, "status_code", None)
                return kind(f"{self.module} {what}" + (f" (status {status})" if status else ""))
        return LLMUnavailableError(f"{self.module} gave no readable answer: {type(error).__name__}")


async def _close(pieces: AsyncGenerator[str, None]) -> None:
    await pieces.aclose()

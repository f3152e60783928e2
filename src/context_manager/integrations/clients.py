"""`wrap_openai` and `wrap_anthropic`: an unchanged client call gets memory.

This file decides which methods of a client are wrapped. What a request and an answer look like is
in `dialects`, what is remembered in `exchange`, how streams end in `streams`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from context_manager.integrations.dialects import CHAT, MESSAGES, RESPONSES, Dialect
from context_manager.integrations.exchange import Exchange
from context_manager.integrations.streams import (
    ObservedAsyncStream,
    ObservedManager,
    ObservedStream,
)
from context_manager.manager import ContextManager

Client = TypeVar("Client")
Call = Callable[..., Any]


def wrap_openai(client: Client, manager: ContextManager) -> Client:
    """An OpenAI client whose calls remember.

    Before each ``chat.completions.create`` or ``responses.create`` (and their ``stream`` forms)
    the memories that answer the user's last message are put before it; after it, the exchange is
    observed, a stream that was left early with what had arrived.

    Args:
        client: ``OpenAI`` or ``AsyncOpenAI``; it stays as it is, and shares its connections with
            the one returned.
        manager: Whose memory it is; use `ContextManager.scoped` for each user and session.

    Returns:
        A client of the same class.
    """
    wrapped: Any = client.copy()  # type: ignore[attr-defined]
    _wrap(wrapped.chat.completions, CHAT, manager)
    if hasattr(wrapped, "responses"):
        _wrap(wrapped.responses, RESPONSES, manager)
    return wrapped  # type: ignore[no-any-return]


def wrap_anthropic(client: Client, manager: ContextManager) -> Client:
    """An Anthropic client whose calls remember; see `wrap_openai`.

    Args:
        client: ``Anthropic`` or ``AsyncAnthropic``; it stays as it is.
        manager: Whose memory it is.

    Returns:
        A client of the same class; ``messages.create`` and ``messages.stream`` remember.
    """
    wrapped: Any = client.copy()  # type: ignore[attr-defined]
    _wrap(wrapped.messages, MESSAGES, manager)
    wrapped.messages.stream = _streaming(wrapped.messages.stream, MESSAGES, manager)
    return wrapped  # type: ignore[no-any-return]


def _wrap(resource: Any, dialect: Dialect, manager: ContextManager) -> None:
    create = resource.create
    awaited = inspect.iscoroutinefunction(inspect.unwrap(create))
    resource.create = (_awaited if awaited else _plain)(create, dialect, manager)


def _plain(create: Call, dialect: Dialect, manager: ContextManager) -> Call:
    @wraps(create)
    def remembering(**given: Any) -> Any:
        keywords = _listed(given)
        exchange = _begin(keywords, dialect, manager)
        if exchange is None:
            return create(**keywords)
        reply = create(**_recalled(keywords, dialect, exchange))
        if keywords.get("stream"):
            return ObservedStream(reply, exchange)
        exchange.finish(dialect.answered(reply))
        return reply

    return remembering


def _awaited(create: Call, dialect: Dialect, manager: ContextManager) -> Call:
    @wraps(create)
    async def remembering(**given: Any) -> Any:
        keywords = _listed(given)
        exchange = _begin(keywords, dialect, manager)
        if exchange is None:
            return await create(**keywords)
        recalled = await asyncio.to_thread(_recalled, keywords, dialect, exchange)
        reply = await create(**recalled)
        if keywords.get("stream"):
            return ObservedAsyncStream(reply, exchange)
        await asyncio.to_thread(exchange.finish, dialect.answered(reply))
        return reply

    return remembering


def _streaming(stream: Call, dialect: Dialect, manager: ContextManager) -> Call:
    @wraps(stream)
    def remembering(**given: Any) -> Any:
        keywords = _listed(given)
        exchange = _begin(keywords, dialect, manager)
        if exchange is None:
            return stream(**keywords)
        opened = lambda: stream(**_recalled(keywords, dialect, exchange))  # noqa: E731
        return ObservedManager(opened, exchange, lambda inner: _so_far(inner, dialect))

    return remembering


def _listed(keywords: dict[str, Any]) -> dict[str, Any]:
    """The keywords with iterables of messages as lists, since they are read more than once."""
    return {
        name: list(value) if name in ("messages", "input") and not isinstance(value, str) else value
        for name, value in keywords.items()
    }


def _begin(keywords: Any, dialect: Dialect, manager: ContextManager) -> Exchange | None:
    asked = dialect.asked(keywords)
    return Exchange(manager, dialect, asked) if asked else None


def _recalled(keywords: Any, dialect: Dialect, exchange: Exchange) -> dict[str, Any]:
    memory = exchange.memory()
    return dialect.with_memory(keywords, memory) if memory else dict(keywords)


def _so_far(stream: Any, dialect: Dialect) -> tuple[str, bool]:
    """Text of an SDK's stream up to now, and whether it is all."""
    try:
        message = stream.current_message_snapshot
    except (AssertionError, AttributeError):  # nothing arrived
        return "", False
    return dialect.answered(message), message.stop_reason is not None

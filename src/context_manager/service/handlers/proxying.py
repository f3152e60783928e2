"""The OpenAI-compatible proxy: a client's request goes on to a provider, with memory put in.

Decides what is changed of a request (memory stands before the user's last message, nothing else is
touched), and when an exchange is remembered: before its end is passed on, so that the next request
finds it. What memory says and what is remembered of an answer is decided in `integrations`.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from context_manager.integrations.dialects import CHAT
from context_manager.integrations.exchange import Exchange
from context_manager.service.refusals import upstream_error
from context_manager.service.wire import AskUpstream, Passed, Received, Reply

if TYPE_CHECKING:
    from context_manager.service.calls import Call

END = b"[DONE]"


def complete(call: Call) -> Generator[AskUpstream, Received, Reply | Passed]:
    """Pass a chat completion on to the provider, with memory."""
    request = call.given.model_dump(exclude_unset=True)
    asked = CHAT.asked(request)
    exchange = None if asked is None else Exchange(call.memory, CHAT, asked)
    memory = "" if exchange is None else exchange.memory()
    body = json.dumps(CHAT.with_memory(request, memory)).encode() if memory else call.body
    received = yield AskUpstream("POST", "/chat/completions", body, call.key)
    if received.pieces is not None:
        heard = Heard(exchange)
        return Passed(received.pieces, heard.take, heard.finish, received.headers)
    if exchange is not None and received.status == 200:
        _remember(exchange, received.body)
    return _reply(received)


def models(call: Call) -> Generator[AskUpstream, Received, Reply]:
    """List the provider's models."""
    received = yield AskUpstream("GET", "/models", key=call.key)
    return _reply(received)


class Heard:
    """What a streamed answer has said so far, read while it passes.

    Args:
        exchange: What is remembered of it; None for nothing.
    """

    def __init__(self, exchange: Exchange | None) -> None:
        self._exchange = exchange
        self._rest = b""
        self._ended = False

    def take(self, piece: bytes) -> bool:
        """Read the events of a piece; True if the end of the answer is among them."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip())
        return self._ended

    def finish(self, complete: bool) -> bytes:
        """Remember the exchange.

        Args:
            complete: Whether the provider came to its end.

        Returns:
            The event that tells of an answer that broke off.
        """
        if self._exchange is not None:
            self._exchange.finish(complete=complete and self._ended)
        return b"" if complete else b"data: " + json.dumps(upstream_error()).encode() + b"\n\n"

    def _event(self, data: bytes) -> None:
        if data == END:
            self._ended = True
        elif self._exchange is not None:
            event = _parsed(data)
            if isinstance(event, dict) and isinstance(event.get("choices"), list):
                self._exchange.take(event)


def _remember(exchange: Exchange, body: bytes) -> None:
    answer = _parsed(body)
    if isinstance(answer, dict) and isinstance(answer.get("choices"), list):
        exchange.finish(CHAT.answered(answer))


def _parsed(data: bytes) -> Any:
    """JSON of a provider; None for what is none: it is passed on and not understood."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _reply(received: Received) -> Reply:
    return Reply(received.status, received.body, received.media_type, received.headers)

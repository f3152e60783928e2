"""The chat: build a prompt, ask the model, remember the exchange.

Decides the order, and what happens without a model: a missing or failing one costs quality, never
the call and never the user's message. The answer is then put together from memory and not
remembered, so that nothing is remembered because it was remembered.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Generator
from typing import TYPE_CHECKING

from context_manager.errors import ContextManagerError
from context_manager.records import Context, Turn
from context_manager.service.handlers.memories import public_stats
from context_manager.service.models.conversation_answers import ChatResponse
from context_manager.service.wire import AskModel, Told

if TYPE_CHECKING:
    from context_manager.service.calls import Call

SHOWN = 3
"""Memories that stand in for an answer."""
SHOWN_CHARS = 500
NO_MODEL = "No language model answered."

_log = logging.getLogger("context_manager.service")


def chat(call: Call) -> Generator[AskModel, str, ChatResponse | Told]:
    """Answer a message with memory."""
    built = call.memory.build(call.given.message, budget=call.given.budget)
    ask = AskModel(
        call.memory.llm_adapter,
        f"{built.text}\n\nAssistant:",
        call.service.settings.chat_max_tokens,
        call.memory.config.llm.temperature,
    )
    if call.given.stream:
        return _streamed(call, built, ask)
    try:
        said = yield ask
    except Exception as error:  # noqa: BLE001 - a driver of a model may raise anything
        return _without_model(call, built, error)
    if not said.strip():
        return _without_model(call, built, ContextManagerError("an empty answer"))
    return _answered(call, built, said)


def _answered(call: Call, built: Context, said: str) -> ChatResponse:
    turn = _remember(call, said)
    return _response(call, built, said, turn, list(built.degraded))


def _without_model(call: Call, built: Context, error: Exception) -> ChatResponse:
    _log.info("a chat was answered without a model: %s", type(error).__name__)
    said = _from_memory(call, built)
    turn = _remember(call, "")
    return _response(call, built, said, turn, [*built.degraded, "llm"])


def _response(
    call: Call, built: Context, said: str, turn: Turn, degraded: list[str]
) -> ChatResponse:
    return ChatResponse(
        response=said,
        context_length=len(built.text),
        memory_stats=public_stats(call),
        turn_id=turn.id,
        degraded=degraded,
    )


def _streamed(call: Call, built: Context, ask: AskModel) -> Told:
    head = {"context_length": len(built.text), "degraded": list(built.degraded)}

    def finish(said: str, complete: bool) -> bytes:
        if said.strip():
            turn = _remember(call, said, interrupted=not complete)
            told = _response(call, built, said, turn, list(built.degraded))
        else:
            told = _without_model(call, built, ContextManagerError("no answer"))
        lost = [] if complete or "llm" in told.degraded else ["llm"]
        whole = told.model_copy(update={"degraded": [*told.degraded, *lost]})
        return event("done", whole.model_dump())

    return Told(ask, event("context", head), lambda text: event("text", {"text": text}), finish)


def event(name: str, data: object) -> bytes:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _remember(call: Call, said: str, interrupted: bool = False) -> Turn:
    metadata = dict(call.given.metadata)
    if interrupted:
        metadata["interrupted"] = True
    return call.memory.observe(call.given.message, said, metadata=metadata)


def _from_memory(call: Call, built: Context) -> str:
    """The memories that a model would have been shown."""
    ranked = [slot for slot in built.slots if slot.entry_id and slot.score is not None]
    best = sorted(ranked, key=lambda slot: -(slot.score or 0))[:SHOWN]
    store, partition = call.memory.archive.store, call.memory.scope.partition
    entries = store.entries(partition, [slot.entry_id for slot in best if slot.entry_id])
    if not entries:
        return f"{NO_MODEL} Memory holds nothing about this."
    lines = [f"- {entry.text[:SHOWN_CHARS]}" for entry in entries]
    return "\n".join([f"{NO_MODEL} This is what memory holds:", *lines])

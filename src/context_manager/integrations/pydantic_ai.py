"""Pydantic AI: a history processor that puts memory before the user's words, and what was said.

Decides where memory stands in a run's messages, and that there is never more than one of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from context_manager.errors import MissingExtraError
from context_manager.integrations.exchange import memory_text
from context_manager.manager import ContextManager
from context_manager.records import Message, Turn
from context_manager.records.parts import Parts, ToolCall, message_of

try:
    from pydantic_ai.messages import (
        ModelMessage,
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        ToolCallPart,
        ToolReturnPart,
        UserPromptPart,
    )
except ImportError as error:
    raise MissingExtraError("pydantic-ai", "pydantic_ai") from error

REFERENCE = "context-manager"
"""Marks the part that holds memory."""


def history_processor(
    manager: ContextManager,
) -> Callable[[list[ModelMessage]], Awaitable[list[ModelMessage]]]:
    """A history processor: memory that answers stands before the user's last prompt.

    Args:
        manager: Whose memory it is.

    Returns:
        For ``Agent(..., capabilities=[ProcessHistory(history_processor(manager))])``.
    """

    async def process(messages: list[ModelMessage]) -> list[ModelMessage]:
        bare = [_without_memory(message) for message in messages]
        place = max((n for n, message in enumerate(bare) if _asked(message)), default=-1)
        if place < 0:
            return bare
        earlier = [text for message in bare[:place] for text in _texts(message)]
        memory = memory_text(await manager.build_async(_asked(bare[place])), earlier)
        if memory:
            part = SystemPromptPart(memory, dynamic_ref=REFERENCE)
            bare[place] = replace(bare[place], parts=[part, *bare[place].parts])  # type: ignore[arg-type]
        return bare

    return process


def remember(manager: ContextManager, messages: Sequence[ModelMessage]) -> Turn | None:
    """Observe what a run has added, e.g. ``result.new_messages()``, as one turn.

    Returns:
        The turn; None if nothing was said.
    """
    said = [told for message in messages for told in _said(message) if told.text.strip()]
    return manager.observe_messages(said) if said else None


def _is_memory(part: Any) -> bool:
    return isinstance(part, SystemPromptPart) and part.dynamic_ref == REFERENCE


def _without_memory(message: ModelMessage) -> ModelMessage:
    if not isinstance(message, ModelRequest) or not any(map(_is_memory, message.parts)):
        return message
    return replace(message, parts=[part for part in message.parts if not _is_memory(part)])


def _asked(message: ModelMessage) -> str:
    if not isinstance(message, ModelRequest):
        return ""
    return "\n".join(_prompt(p) for p in message.parts if isinstance(p, UserPromptPart)).strip()


def _prompt(part: UserPromptPart) -> str:
    if isinstance(part.content, str):
        return part.content
    return "\n".join(item for item in part.content if isinstance(item, str))


def _texts(message: ModelMessage) -> list[str]:
    return [told.text for told in _said(message) if told.text.strip()]


def _said(message: ModelMessage) -> list[Message]:
    if isinstance(message, ModelResponse):
        words = "\n".join(part.content for part in message.parts if isinstance(part, TextPart))
        calls = tuple(
            ToolCall(part.tool_call_id, part.tool_name, part.args_as_json_str())
            for part in message.parts
            if isinstance(part, ToolCallPart)
        )
        return [message_of("assistant", Parts(words, calls))]
    results = [
        message_of("tool", Parts(part.model_response_str(), answers=part.tool_call_id))
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]
    return [*results, Message("user", _asked(message))]

"""LlamaIndex: a memory block over one memory.

Decides what the block says (memory that answers the last message) and what it takes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from context_manager.errors import MissingExtraError
from context_manager.integrations.exchange import memory_text
from context_manager.records import Message
from context_manager.records.message import ROLES

try:
    from llama_index.core.llms import ChatMessage
    from llama_index.core.memory import BaseMemoryBlock
except ImportError as error:
    raise MissingExtraError("llama-index", "llama_index.core") from error


class ContextManagerBlock(BaseMemoryBlock[str]):
    """A memory block for LlamaIndex's ``Memory``.

    Args:
        manager: Whose memory it is.
        name: What the block is called in the prompt.
    """

    name: str = "memory"
    manager: Any

    async def _aget(self, messages: list[ChatMessage] | None = None, **_: Any) -> str:
        given = messages or []
        asked = next((m.content for m in reversed(given) if m.role == "user" and m.content), None)
        if asked is None:
            return ""
        context = await self.manager.build_async(asked)
        return memory_text(context, [m.content for m in given[:-1] if m.content])

    async def _aput(self, messages: list[ChatMessage]) -> None:
        said = _said(messages)
        if said:
            await self.manager.observe_messages_async(said)

    async def atruncate(self, content: str, tokens_to_truncate: int) -> str | None:
        """The block with less in it: its end goes, which is what was found last."""
        counter = self.manager.token_counter
        room = counter.count_tokens(content) - tokens_to_truncate
        return counter.truncate_to_tokens(content, room) if room > 0 else None


def _said(messages: Sequence[ChatMessage]) -> list[Message]:
    found = []
    for message in messages:
        role = str(getattr(message.role, "value", message.role))
        role = {"developer": "system", "function": "tool"}.get(role, role)
        if role in ROLES and message.content and message.content.strip():
            found.append(Message(role, message.content))  # type: ignore[arg-type]
    return found

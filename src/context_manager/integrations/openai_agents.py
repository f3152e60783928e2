"""OpenAI Agents SDK: a session kept in memory.

Decides how an item of a run is kept: its words as a message, so that it is found, and the item
itself beside it, so that the SDK gets back exactly what it gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from context_manager.errors import MissingExtraError
from context_manager.integrations.dialects import text_of
from context_manager.manager import ContextManager
from context_manager.records import Message, Role, Turn

try:
    from agents.items import TResponseInputItem
    from agents.memory import SessionABC
except ImportError as error:
    raise MissingExtraError("agents", "agents") from error

if TYPE_CHECKING:
    from agents.memory import SessionSettings

ITEM = "agents_item"
"""Key of a message's metadata that holds the item."""

_WORDS = ("content", "output")
"""Keys of an item under which its words may stand; they are kept once, as the message's text."""


class MemorySession(SessionABC):
    """A manager's session as a session of the Agents SDK.

    Args:
        manager: Scoped to the session.
        session_settings: The SDK's settings, e.g. how many items are given back.
    """

    def __init__(
        self, manager: ContextManager, session_settings: SessionSettings | None = None
    ) -> None:
        self._manager = manager
        self.session_id = manager.scope.session_id
        self.session_settings = session_settings

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The items of the session, the latest ``limit`` of them if given, in order."""
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        return await self._manager.run_async(self._items, limit)

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Remember items, each by itself."""
        for item in items:
            await self._manager.observe_messages_async([_message(item)])

    async def pop_item(self) -> TResponseInputItem | None:
        """Forget the last item and give it back; None if there is none."""
        return await self._manager.run_async(self._pop)

    async def clear_session(self) -> None:
        """Forget the session."""
        await self._manager.run_async(self._manager.rewind)

    def _items(self, limit: int | None) -> list[TResponseInputItem]:
        turns = self._manager.archive.store.turns(self._manager.scope)
        found = [_item(message) for turn in turns for message in turn.messages]
        return found if limit is None else found[-limit:] if limit > 0 else []

    def _pop(self) -> TResponseInputItem | None:
        last: list[Turn] = self._manager.archive.store.turns(self._manager.scope, last=1)
        if not last:
            return None
        message = last[0].messages[-1]
        self._manager.forget(message.id)
        return _item(message)


def _message(item: TResponseInputItem) -> Message:
    kept: dict[str, Any] = dict(item)
    role, text = _said(kept)
    text = text if text.strip() else f"[{kept.get('type', 'item')}]"
    for key in _WORDS:
        if kept.get(key) == text:
            kept[key] = None
    return Message(role, text, metadata={ITEM: kept})


def _said(item: Mapping[str, Any]) -> tuple[Role, str]:
    kind = item.get("type")
    if kind == "function_call":
        return "assistant", f"[calls {item.get('name')}({item.get('arguments', '')})]"
    if kind == "function_call_output":
        output = item.get("output")
        return "tool", output if isinstance(output, str) else text_of(output)
    role: Role = "user" if item.get("role") == "user" else "assistant"
    return ("system" if item.get("role") in ("system", "developer") else role), text_of(
        item.get("content")
    )


def _item(message: Message) -> TResponseInputItem:
    kept = message.metadata.get(ITEM)
    if not isinstance(kept, Mapping):
        role = "assistant" if message.role == "tool" else message.role
        return {"role": role, "content": message.text}
    words = {key: message.text for key in _WORDS if key in kept and kept[key] is None}
    return {**kept, **words}  # type: ignore[return-value]

"""ChatGPT: ``conversations.json`` of a data export.

Decides which way through a conversation's tree is its text: the one that ends in the node shown
last. Answers that were made anew and questions that were edited stand on other branches and are
passed over, as is what the user never saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from context_manager.importing.chat_message import ROLES
from context_manager.importing.foreign import moment, name_of, objects, title_of
from context_manager.importing.formats import DocumentFormat, Origin
from context_manager.importing.pairing import paired
from context_manager.importing.source import Place
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message

_SHOWN = frozenset({"text", "multimodal_text", "code", "execution_output", "tether_quote"})
"""Kinds of content that are part of the conversation; reasoning and settings are not."""


def _fits(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and isinstance(first.get("mapping"), dict)


def _read(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    listed = value if isinstance(value, list) else [value]
    at = place if isinstance(value, list) else Place(place.file)
    for number, (there, chat) in enumerate(objects(listed, at), start=1):
        mapping = chat.get("mapping")
        if not isinstance(mapping, dict):
            raise there.error('has no "mapping" of its messages')
        session = name_of(
            chat.get("conversation_id") or chat.get("id"), f"{origin.session_id}-{number}"
        )
        began = moment(chat.get("create_time"), origin)
        metadata = {**origin.metadata, **title_of(chat.get("title"))}
        said = _messages(chat, mapping, began, origin)
        yield from paired(said, session, metadata=metadata)


def _messages(
    chat: Mapping[str, Any], mapping: Mapping[str, Any], began: float | None, origin: Origin
) -> Iterator[Message]:
    path = _path(mapping, chat.get("current_node"))
    for key, node in mapping.items():
        if key not in path and _message(node) is not None:
            origin.skip("messages on other branches")
    for key in path:
        given = _message(mapping[key])
        if given is not None:
            message = _said(given, began, origin)
            if message is not None:
                yield message


def _path(mapping: Mapping[str, Any], current: Any) -> dict[str, None]:
    """The nodes from the root to the one shown last, in order; a circle ends the way."""
    node = current if isinstance(current, str) and current in mapping else _newest_leaf(mapping)
    path: list[str] = []
    seen: set[str] = set()
    while isinstance(node, str) and node in mapping and node not in seen:
        seen.add(node)
        path.append(node)
        entry = mapping[node]
        node = entry.get("parent") if isinstance(entry, dict) else None
    return dict.fromkeys(reversed(path))


def _newest_leaf(mapping: Mapping[str, Any]) -> str | None:
    leaves = [
        k for k, node in mapping.items() if isinstance(node, dict) and not node.get("children")
    ]
    return leaves[-1] if leaves else None


def _message(node: Any) -> Mapping[str, Any] | None:
    message = node.get("message") if isinstance(node, dict) else None
    return message if isinstance(message, dict) else None


def _said(given: Mapping[str, Any], began: float | None, origin: Origin) -> Message | None:
    author, content = given.get("author"), given.get("content")
    role = ROLES.get(str(author.get("role"))) if isinstance(author, dict) else None
    if role is None or not isinstance(content, dict):
        origin.skip("messages without an author or content")
        return None
    meta = given.get("metadata")
    hidden = isinstance(meta, dict) and meta.get("is_visually_hidden_from_conversation")
    if hidden or given.get("weight") == 0 or str(content.get("content_type")) not in _SHOWN:
        origin.skip("messages that were not shown")
        return None
    text = "\n".join(_texts(content))
    if not text.strip():
        origin.skip("messages without a text")
        return None
    to = given.get("recipient")
    if role == "assistant" and isinstance(to, str) and to not in ("", "all"):
        text = f"[calls {to}({text})]"
    when = moment(given.get("create_time"), origin)
    return Message(role, text, None, began if when is None else when)


def _texts(content: Mapping[str, Any]) -> Iterator[str]:
    parts = content.get("parts")
    for part in parts if isinstance(parts, list) else [content.get("text")]:
        if isinstance(part, str) and part:
            yield part
        elif isinstance(part, dict):
            kind = str(part.get("content_type", "part")).removesuffix("_asset_pointer")
            inner = part.get("text")
            yield inner if isinstance(inner, str) else f"[{kind}]"


FORMAT = DocumentFormat("chatgpt", "ChatGPT: conversations.json of a data export", _fits, _read)

"""Claude: ``conversations.json`` of a data export.

Decides what of a message is said: its text, calls of tools and files' texts, which come from
outside. The model's thinking is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from context_manager.importing.chat_message import ROLES
from context_manager.importing.foreign import moment, name_of, objects, title_of
from context_manager.importing.formats import DocumentFormat, Origin
from context_manager.importing.pairing import paired
from context_manager.importing.source import Place
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message, Role

_UNSAID = frozenset({"thinking", "redacted_thinking", "token_budget", "flag"})


def _fits(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and isinstance(first.get("chat_messages"), list)


def _read(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    listed = value if isinstance(value, list) else [value]
    at = place if isinstance(value, list) else Place(place.file)
    for number, (there, chat) in enumerate(objects(listed, at), start=1):
        messages = objects(chat.get("chat_messages"), there.inside("chat_messages"))
        session = name_of(chat.get("uuid"), f"{origin.session_id}-{number}")
        began = moment(chat.get("created_at"), origin)
        metadata = {**origin.metadata, **title_of(chat.get("name"))}
        said = (m for _, given in messages for m in _said(given, began, origin))
        yield from paired(said, session, metadata=metadata)


def _said(given: Mapping[str, Any], began: float | None, origin: Origin) -> Iterator[Message]:
    role = ROLES.get(str(given.get("sender")))
    if role is None:
        origin.skip("messages without a known sender")
        return
    when = moment(given.get("created_at"), origin)
    when = began if when is None else when
    found = False
    for kind, text in _spoken(given, role, origin):
        if text.strip():
            found = True
            yield Message(kind, text, None, when)
    if not found:
        origin.skip("messages without a text")


def _spoken(given: Mapping[str, Any], role: Role, origin: Origin) -> Iterator[tuple[Role, str]]:
    blocks = given.get("content")
    listed = (
        [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
    )
    words: list[str] = []
    for block in listed:
        kind = str(block.get("type"))
        if kind == "tool_result":
            yield role, "\n".join(words)
            words = []
            yield "tool", _result(block.get("content"))
        elif kind == "tool_use":
            asked = json.dumps(block.get("input") or {}, ensure_ascii=False)
            words.append(f"[calls {block.get('name', 'tool')}({asked})]")
        elif isinstance(block.get("text"), str):
            words.append(block["text"])
        elif kind in _UNSAID:
            origin.skip("thoughts of the model")
    if not listed and isinstance(given.get("text"), str):
        words.append(given["text"])
    yield role, "\n".join(word for word in words if word)
    yield from _files(given)


def _result(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    )


def _files(given: Mapping[str, Any]) -> Iterator[tuple[Role, str]]:
    """Texts of files that the user gave: somebody else may have written them."""
    for key in ("attachments", "files"):
        listed = given.get(key)
        for file in listed if isinstance(listed, list) else []:
            if isinstance(file, dict):
                inner = file.get("extracted_content")
                name = f"[file {file.get('file_name', '')}]".replace(" ]", "]")
                yield "tool", f"{name}\n{inner}" if isinstance(inner, str) and inner else name


FORMAT = DocumentFormat("claude", "Claude: conversations.json of a data export", _fits, _read)

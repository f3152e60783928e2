"""LangChain: message histories as ``messages_to_dict`` or ``dumpd`` write them.

Decides how their kinds of messages become roles; calls of tools keep their ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from context_manager.errors import InputError
from context_manager.importing.chat_message import ROLES, TIME_KEYS
from context_manager.importing.foreign import moment, objects
from context_manager.importing.formats import DocumentFormat, Origin
from context_manager.importing.pairing import paired
from context_manager.importing.source import Place
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message
from context_manager.records.provided import read_message

_TYPES = frozenset({"human", "ai", "system", "tool", "function", "chat", "generic", "remove"})
_CLASS_ENDS = ("MessageChunk", "Message")


def _fits(value: Any) -> bool:
    listed = _listed(value)
    first = listed[0] if isinstance(listed, list) and listed else None
    return isinstance(first, dict) and _kind_and_data(first) is not None


def _listed(value: Any) -> Any:
    return value["messages"] if isinstance(value, dict) and "messages" in value else value


def _kind_and_data(item: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Which kind of message it is, and its fields."""
    data, kind = item.get("data"), item.get("type")
    if isinstance(data, dict) and isinstance(kind, str):
        short = kind.removesuffix("MessageChunk").lower()
        return (short, data) if short in _TYPES else None
    path, inner = item.get("id"), item.get("kwargs")
    if item.get("lc") and isinstance(path, list) and path and isinstance(inner, dict):
        name = str(path[-1])
        for end in _CLASS_ENDS:
            name = name.removesuffix(end)
        return (name.lower(), inner) if name.lower() in _TYPES else None
    return None


def _read(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    at = place.inside("messages") if isinstance(value, dict) else place
    said = _messages(_listed(value), at, origin)
    yield from paired(said, origin.session_id, metadata=origin.metadata)


def _messages(listed: Any, place: Place, origin: Origin) -> Iterator[Message]:
    for at, item in objects(listed, place):
        found = _kind_and_data(item)
        if found is None:
            raise at.error('must be a message: {"type": "human", "data": {"content": ...}}')
        kind, data = found
        role = ROLES.get(str(data.get("role")) if kind in ("chat", "generic") else kind)
        if role is None:
            origin.skip(f"messages of type {kind}")
            continue
        try:
            messages = read_message(_as_provided(role, data))
        except InputError as error:
            raise at.error(str(error)) from error
        when = _time(data, origin)
        for message in messages:
            if message.text.strip():
                yield Message(
                    message.role, message.text, message.name, when, dict(message.metadata)
                )
            else:
                origin.skip("messages without a text")


def _as_provided(role: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The message as OpenAI would write it."""
    calls = data.get("tool_calls")
    name = data.get("name")
    return {
        "role": role,
        "content": data.get("content") or "",
        "name": name if isinstance(name, str) and role != "tool" else None,
        "tool_call_id": data.get("tool_call_id"),
        "tool_calls": [
            {
                "id": call.get("id"),
                "function": {
                    "name": call.get("name"),
                    "arguments": json.dumps(call.get("args") or {}, ensure_ascii=False),
                },
            }
            for call in (calls if isinstance(calls, list) else [])
            if isinstance(call, dict)
        ],
    }


def _time(data: Mapping[str, Any], origin: Origin) -> float | None:
    further = data.get("additional_kwargs")
    for fields in (further if isinstance(further, dict) else {}, data):
        for key in TIME_KEYS:
            if fields.get(key) is not None:
                return moment(fields[key], origin)
    return None


FORMAT = DocumentFormat(
    "langchain", 'LangChain: [{"type": "human", "data": {"content": ...}}]', _fits, _read
)

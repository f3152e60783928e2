"""One message of a chat, as the OpenAI interface and its many relatives write it.

This file decides which keys are read and how content that is no plain text is written down.
It knows neither files nor turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from context_manager.importing.source import Place
from context_manager.importing.times import parse_time
from context_manager.records import Message, Role
from context_manager.records.message import clean_text
from context_manager.records.scope import MAX_ID_LENGTH

# Two names and a slash must fit into one identifier.
LONGEST_NAME = (MAX_ID_LENGTH - 1) // 2

ROLES: Mapping[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
"""The role of each name under which chats write it, in lower case."""

TIME_KEYS = ("time", "timestamp", "created_at", "create_time", "date")
SESSION_KEYS = ("session", "session_id", "conversation_id", "thread_id")
USER_KEYS = ("user_id", "user")
_READ = {"role", "content", "name", "text", "tool_calls", "user_id", *TIME_KEYS, *SESSION_KEYS}


def read_message(value: Any, place: Place, **metadata: Any) -> Message | None:
    """The message that ``value`` writes; None where nothing is said in it.

    Args:
        value: An object with ``role`` and ``content``: text, a list of parts, or None beside
            ``tool_calls``. ``name`` and a time are read where they stand; further plain values
            are kept as metadata.
        place: Where it stands, for errors.
        metadata: Further metadata of the message.

    Raises:
        ImportFormatError: It is no such object.
    """
    if not isinstance(value, dict):
        raise place.error(f'must be an object with "role" and "content", got {_kind(value)}')
    role = _role(value, place)
    parts = (_content(value, place), *_tool_calls(value.get("tool_calls"), place))
    text = "\n".join(part for part in parts if part)
    if not text.strip():
        return None
    name = value.get("name")
    if name is not None and not isinstance(name, str):
        raise place.inside("name").error(f"must be text, got {_kind(name)}")
    return Message(
        role, text, name or None, read_time(value, place), {**_further(value), **metadata}
    )


def read_time(value: Mapping[str, Any], place: Place) -> float | None:
    """The time under the first of `TIME_KEYS` that holds one; None where there is none.

    Raises:
        ImportFormatError: It cannot be understood.
    """
    for key in TIME_KEYS:
        if value.get(key) is not None:
            try:
                return parse_time(value[key])
            except ValueError as error:
                raise place.inside(key).error(
                    f"cannot be read as a time ({error}); write seconds since 1970 or ISO 8601 "
                    "such as 2024-05-07T13:56:00Z"
                ) from error
    return None


def read_name(value: Mapping[str, Any], keys: tuple[str, ...], place: Place) -> str:
    """The identifier under the first of ``keys`` that holds one; "" where there is none.

    Raises:
        ImportFormatError: It is neither text nor a whole number, or too long to be a name.
    """
    for key in keys:
        name = value.get(key)
        if name is None or name == "":
            continue
        if isinstance(name, bool) or not isinstance(name, (str, int)):
            raise place.inside(key).error(f"must be text or a whole number, got {_kind(name)}")
        if len(str(name)) > LONGEST_NAME:
            raise place.inside(key).error(f"is longer than {LONGEST_NAME} characters")
        return clean_text(str(name))
    return ""


def _further(value: Mapping[str, Any]) -> dict[str, str | int | float]:
    """Plain values under keys that have no meaning here; a store can hold each of them."""
    kept: dict[str, str | int | float] = {}
    for key, item in value.items():
        if key in _READ or not isinstance(item, (str, int, float)):
            continue
        if isinstance(item, float) and not math.isfinite(item):
            continue
        kept[clean_text(key)] = clean_text(item) if isinstance(item, str) else item
    return kept


def _role(value: Mapping[str, Any], place: Place) -> Role:
    role = value.get("role")
    if isinstance(role, str) and role.lower() in ROLES:
        return ROLES[role.lower()]
    known = "user, assistant, system or tool"
    if role is None:
        raise place.error(f'has no "role"; add one of {known}')
    raise place.inside("role").error(f"is {role!r:.60}; write {known}")


def _content(value: Mapping[str, Any], place: Place) -> str:
    content = value.get("content", value.get("text"))
    if content is None and (value.get("tool_calls") or "content" in value):
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (_part(part, place.inside("content", index)) for index, part in enumerate(content))
        return "\n".join(part for part in parts if part)
    if content is None:
        raise place.error('has no "content"; add the text that was said')
    raise place.inside("content").error(f"must be text or a list of parts, got {_kind(content)}")


def _part(part: Any, place: Place) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise place.error('must be text or an object with a "type", such as {"type": "text", ...}')
    read = _PARTS.get(part["type"])
    if read is None:
        # A part of a kind unknown here keeps its place in the text rather than vanish.
        return f"[{part['type']}]"
    text = read(part)
    if not isinstance(text, str):
        raise place.error(f"of type {part['type']!r} holds no text")
    return text


def _image(part: Mapping[str, Any]) -> str:
    url = part.get("image_url")
    url = url.get("url") if isinstance(url, dict) else url
    # An image inside the file would be megabytes of base64, and nothing to search for.
    return f"[image {url}]" if isinstance(url, str) and not url.startswith("data:") else "[image]"


def _audio(part: Mapping[str, Any]) -> str:
    audio = part.get("input_audio")
    said = audio.get("transcript") if isinstance(audio, dict) else None
    return f"[audio: {said}]" if isinstance(said, str) else "[audio]"


def _file(part: Mapping[str, Any]) -> str:
    file = part.get("file")
    name = file.get("filename") if isinstance(file, dict) else None
    return f"[file {name}]" if isinstance(name, str) else "[file]"


def _plain(part: Mapping[str, Any]) -> Any:
    return part.get("text")


_PARTS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "text": _plain,
    "input_text": _plain,
    "output_text": _plain,
    "refusal": lambda part: part.get("refusal"),
    "image_url": _image,
    "input_image": _image,
    "input_audio": _audio,
    "file": _file,
    "input_file": _file,
}


def _tool_calls(calls: Any, place: Place) -> list[str]:
    """Calls as text, so that what an agent did can be found again."""
    if not calls:
        return []
    if not isinstance(calls, list):
        raise place.inside("tool_calls").error(f"must be a list, got {_kind(calls)}")
    return [_call(call, place.inside("tool_calls", i)) for i, call in enumerate(calls)]


def _call(call: Any, place: Place) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise place.error('must be an object with "function" and its "name"')
    return f"[calls {function['name']}({function.get('arguments', '')})]"


_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), type(value).__name__)

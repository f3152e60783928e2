"""Messages as the providers write them, read into records.

Decides which keys and blocks mean what, for OpenAI's chat completions and Anthropic's messages,
as plain dicts or as the SDKs' own objects. One of their messages may become several of ours: a
user's message that carries tool results holds what the tools said, then what the user said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from context_manager.errors import InputError
from context_manager.records.message import Message, Role
from context_manager.records.number import is_finite
from context_manager.records.parts import Image, Parts, ToolCall, message_of

SPEAKERS: Mapping[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
"""Our role of each role that providers know."""

_UNSAID = frozenset({"thinking", "redacted_thinking", "reasoning"})
"""Blocks that are not part of what was said."""


NO_OUTPUT = "[no output]"
"""Stands for the result of a tool that said nothing: what is blank is not remembered."""


def read_messages(given: Iterable[Message | Mapping[str, Any]]) -> list[Message]:
    """Records of messages given as records, providers' dicts or SDK objects, in order.

    Raises:
        InputError: One of them is no message; it says which and why.
    """
    found: list[Message] = []
    for place, item in enumerate(given):
        try:
            found += read_message(item)
        except InputError as error:
            raise InputError(f"message {place}: {error}") from error
    return found


def read_message(given: Message | Mapping[str, Any] | Any) -> list[Message]:
    """The records that one message stands for; usually one.

    Raises:
        InputError: It has no role, an unknown one, or content that is neither text nor blocks.
    """
    if isinstance(given, Message):
        return [given]
    value = _plain(given)
    if not isinstance(value, Mapping):
        raise InputError(f"a message must be a dict or a Message, got {type(given).__name__}")
    role = SPEAKERS.get(value["role"]) if isinstance(value.get("role"), str) else None
    if role is None:
        raise InputError(
            f"a message needs a 'role', one of {', '.join(SPEAKERS)}; got {value.get('role')!r:.60}"
        )
    name, stamp = value.get("name"), value.get("timestamp")
    if name is not None and not isinstance(name, str):
        raise InputError(f"'name' must be text, got {type(name).__name__}")
    when = None if stamp is None else _time(stamp)
    return [
        message_of(kind, parts, None if kind == "tool" != role else name, timestamp=when)
        for kind, parts in _parts(role, value)
    ]


def _plain(given: Any) -> Any:
    """An SDK's object as plain values."""
    dump = getattr(given, "model_dump", None)
    return dump(mode="json", exclude_none=True) if callable(dump) else given


def _time(value: Any) -> float:
    if not is_finite(value):
        raise InputError(f"'timestamp' must be a finite number of seconds, got {value!r:.60}")
    return float(value)


def _parts(role: Role, value: Mapping[str, Any]) -> list[tuple[Role, Parts]]:
    results, own = _content(value)
    calls = own.calls + _tool_calls(value)
    if role == "tool":
        answers = value.get("tool_call_id", value.get("tool_use_id"))
        own = replace(own, answers=answers if isinstance(answers, str) else "")
    own = replace(own, calls=calls if role == "assistant" else ())
    spoken = own.text or not results
    own = _audible(own) if role == "tool" else own
    return [*(("tool", _audible(part)) for part in results), *([(role, own)] if spoken else [])]


def _audible(result: Parts) -> Parts:
    return result if result.text.strip() else replace(result, said=NO_OUTPUT)


def _content(value: Mapping[str, Any]) -> tuple[list[Parts], Parts]:
    content = value.get("content")
    if content is None and any(value.get(key) for key in ("tool_calls", "function_call")):
        content = ""
    if content is None and isinstance(value.get("refusal"), str):
        content = value["refusal"]
    if isinstance(content, str):
        return [], Parts(content)
    if isinstance(content, Mapping) or not isinstance(content, Iterable):
        raise InputError(f"'content' must be text or a list of parts, got {type(content).__name__}")
    return _blocks(content)


def _blocks(content: Iterable[Any]) -> tuple[list[Parts], Parts]:
    """Tool results among the blocks, and everything else as one message."""
    said: list[str] = []
    results: list[Parts] = []
    calls: list[ToolCall] = []
    images: list[Image] = []
    for given in content:
        block = {"type": "text", "text": given} if isinstance(given, str) else _plain(given)
        kind = block.get("type") if isinstance(block, Mapping) else None
        if not isinstance(kind, str):
            raise InputError("a part of 'content' must be text or {\"type\": ...}")
        if kind == "tool_result":
            results.append(_result(block))
        elif kind == "tool_use":
            calls.append(ToolCall(_text(block, "id"), _text(block, "name"), _json(block)))
        elif kind in _IMAGES:
            images.append(_IMAGES[kind](block))
        elif kind not in _UNSAID:
            said.append(_said(kind, block))
    words = "\n".join(text for text in said if text)
    return results, Parts(words, calls=tuple(calls), images=tuple(images))


def _said(kind: str, block: Mapping[str, Any]) -> str:
    """The words of a block; one without any keeps its place in the text rather than vanish."""
    for key in ("text", "refusal"):
        if isinstance(block.get(key), str):
            return str(block[key])
    source = block.get("source")
    inner = source.get("data") if isinstance(source, Mapping) else None
    if isinstance(inner, str) and isinstance(source, Mapping) and source.get("type") == "text":
        return inner
    title = block.get("title", block.get("filename"))
    return f"[{kind} {title}]" if isinstance(title, str) else f"[{kind}]"


def _result(block: Mapping[str, Any]) -> Parts:
    inner = block.get("content")
    listed = [] if inner is None else [inner] if isinstance(inner, str) else inner
    _, parts = _blocks(listed)
    return replace(
        parts, answers=_text(block, "tool_use_id"), failed=bool(block.get("is_error")), calls=()
    )


def _tool_calls(value: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    found = [_tool_call(_plain(call)) for call in value.get("tool_calls") or ()]
    legacy = value.get("function_call")
    if legacy:
        found.append(_tool_call({"function": legacy}))
    return tuple(found)


def _tool_call(call: Any) -> ToolCall:
    asked = None
    if isinstance(call, Mapping):
        asked = call.get("function") or call.get("custom")
    if not isinstance(asked, Mapping):
        raise InputError("a tool call must hold 'function' with a 'name' and 'arguments'")
    arguments = asked.get("arguments", asked.get("input", "{}"))
    identifier = call.get("id")
    return ToolCall(
        identifier if isinstance(identifier, str) else "",
        _text(asked, "name"),
        arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False),
    )


def _json(block: Mapping[str, Any]) -> str:
    return json.dumps(block.get("input") or {}, ensure_ascii=False, default=str)


def _text(value: Mapping[str, Any], key: str) -> str:
    if not isinstance(value.get(key), str):
        raise InputError(f"{key!r} must be text, got {type(value.get(key)).__name__}")
    return str(value[key])


def _image_url(block: Mapping[str, Any]) -> Image:
    given = block.get("image_url")
    inner = given if isinstance(given, Mapping) else {"url": given}
    detail = inner.get("detail", block.get("detail"))
    url = inner.get("url")
    if not isinstance(url, str) or url.startswith("data:"):
        return Image("", "data")
    return Image(url, "url", detail if detail in ("low", "high") else "")


def _image(block: Mapping[str, Any]) -> Image:
    source = block.get("source")
    if not isinstance(source, Mapping):
        return Image("", "data")
    for kind, key in (("url", "url"), ("file", "file_id")):
        if isinstance(source.get(key), str):
            return Image(source[key], kind)
    return Image("", "data")


_IMAGES: Mapping[str, Callable[[Mapping[str, Any]], Image]] = {
    "image_url": _image_url,
    "input_image": _image_url,
    "image": _image,
}

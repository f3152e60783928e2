"""A conversation as the providers' message lists, always one that they accept.

Decides the shapes: calls of tools and their results stand together, and one whose other half is
missing becomes words; ids and names are put into the form that the interfaces allow; Anthropic's
roles alternate and begin with the user. Chooses and counts nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from context_manager.records import Message
from context_manager.records.parts import Image, Parts, ToolCall, parts_of

Listed = list[dict[str, Any]]

_ID = re.compile(r"[a-zA-Z0-9_-]{1,40}")
_NAME = re.compile(r"[^\s<|\\/>]{1,64}")
_NAME_FAULTS = re.compile(r"[\s<|\\/>]+")
_TOOL_FAULTS = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST_TOOL = 64

EARLIER = "[the conversation goes on]"
"""Said by the user where a list must not begin with the assistant."""

BLANK = "[blank]"
"""Stands for words that an interface refuses because they are nothing but white space."""


@dataclass(frozen=True, slots=True)
class Said:
    """A conversation before it takes a provider's shape.

    Args:
        opening: What changes least: pinned texts and summaries; "" for none.
        messages: The recent messages, in order.
        memory: What was looked up for this input; "" for none.
        input: The current input.
    """

    opening: str
    messages: tuple[Message, ...]
    memory: str
    input: str


@dataclass(frozen=True, slots=True)
class Beat:
    """One message with the results that answer its calls.

    Args:
        role: "user", "assistant" or "system".
        name: The speaker's name, if any.
        parts: Its words, images, and only calls that have a result.
        results: One for each call, in their order.
    """

    role: str
    name: str | None
    parts: Parts
    results: tuple[Parts, ...] = ()


def beats(messages: Sequence[Message]) -> list[Beat]:
    """The messages with every call beside its result.

    A call without a result and a result without a call become words. Ids that are used twice, or
    that an interface refuses, are replaced by others, alike on both sides.
    """
    parts = [parts_of(message) for message in messages]
    taken: set[int] = set()
    ids = _Ids()
    found: list[Beat] = []
    for place, message in enumerate(messages):
        if place in taken:
            continue
        if message.role == "tool":
            words = f"[result of a tool] {parts[place].text}"
            found.append(Beat("assistant", None, Parts(words)))
            continue
        answered = _answered(place, messages, parts, taken)
        taken.update(answered.values())
        calls, results = [], []
        for number, there in answered.items():
            call, own = parts[place].calls[number], ids.fresh(parts[place].calls[number].id)
            calls.append(replace(call, id=own, name=_tool_name(call.name)))
            results.append(replace(parts[there], answers=own))
        left = [c.line for n, c in enumerate(parts[place].calls) if n not in answered]
        words = "\n".join(text for text in (parts[place].said, *left) if text)
        own_parts = replace(parts[place], said=words, calls=tuple(calls))
        found.append(Beat(message.role, message.name, own_parts, tuple(results)))
    return [beat for beat in found if beat.parts.text.strip()]


def _answered(
    place: int, messages: Sequence[Message], parts: Sequence[Parts], taken: set[int]
) -> dict[int, int]:
    """Where the result of each call of a message stands, by the call's number."""
    found: dict[int, int] = {}
    if messages[place].role != "assistant":
        return found
    wanted = {call.id: number for number, call in enumerate(parts[place].calls) if call.id}
    for there in range(place + 1, len(messages)):
        if not wanted:
            break
        if messages[there].role == "tool" and there not in taken:
            number = wanted.pop(parts[there].answers, None)
            if number is not None:
                found[number] = there
        for call in parts[there].calls:  # the id is used anew: what follows answers that one
            wanted.pop(call.id, None)
    return dict(sorted(found.items()))


class _Ids:
    """Ids of calls that are unique in a list and in the form that interfaces allow."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def fresh(self, given: str) -> str:
        own, again = given, 0
        while own in self._used or not _ID.fullmatch(own):
            digest = blake2b(f"{again}:{given}".encode("utf-8", "replace"), digest_size=12)
            own, again = f"call_{digest.hexdigest()}", again + 1
        self._used.add(own)
        return own


def _tool_name(name: str) -> str:
    return _TOOL_FAULTS.sub("_", name)[:_LONGEST_TOOL] or "tool"


# -- OpenAI chat completions ----------------------------------------------------------------------


def openai_message(message: Message) -> dict[str, Any]:
    """One message of a chat completion as it stands, whether or not its other half is known."""
    parts = parts_of(message)
    if message.role == "tool":
        return _openai_result(parts)
    return _openai_message(Beat(message.role, message.name, parts))


def openai_list(said: Said) -> Listed:
    """The messages of a chat completion."""
    made: Listed = []
    if said.opening:
        made.append({"role": "system", "content": said.opening})
    for beat in beats(said.messages):
        made.append(_openai_message(beat))
        made += [_openai_result(result) for result in beat.results]
    if said.memory:
        made.append({"role": "system", "content": said.memory})
    return [*made, {"role": "user", "content": said.input}]


def _openai_message(beat: Beat) -> dict[str, Any]:
    parts = beat.parts
    named = {"name": name} if (name := _openai_name(beat.name)) else {}
    if beat.role == "user" and parts.images:
        shown: Listed = [{"type": "text", "text": parts.said}] if parts.said.strip() else []
        content: Any = [*shown, *map(_openai_image, parts.images)]
        return {"role": "user", "content": content, **named}
    words = replace(parts, calls=()).text
    message: dict[str, Any] = {"role": beat.role, **named}
    if words.strip() or not parts.calls:
        message["content"] = words
    if parts.calls:
        message["tool_calls"] = [_openai_call(call) for call in parts.calls]
    return message


def _openai_image(image: Image) -> dict[str, Any]:
    if image.kind != "url":
        return {"type": "text", "text": image.line}
    detail = {"detail": image.detail} if image.detail else {}
    return {"type": "image_url", "image_url": {"url": image.reference, **detail}}


def _openai_call(call: ToolCall) -> dict[str, Any]:
    asked = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": asked}


def _openai_result(result: Parts) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": result.answers, "content": result.text}


def _openai_name(name: str | None) -> str:
    if not name:
        return ""
    cut = name if _NAME.fullmatch(name) else _NAME_FAULTS.sub("_", name)[:64].strip("_")
    return cut


# -- Anthropic messages ---------------------------------------------------------------------------


def anthropic_list(said: Said) -> Listed:
    """The messages of Anthropic's interface.

    System texts stand in the user's messages, so that the list is complete by itself.
    """
    made: Listed = []
    if said.opening:
        _put(made, "user", [_block(said.opening)])
    for beat in beats(said.messages):
        role = "assistant" if beat.role == "assistant" else "user"
        if role == "assistant" and not made:
            _put(made, "user", [_block(EARLIER)])
        _put(made, role, _anthropic_blocks(beat))
        if beat.results:
            _put(made, "user", [_anthropic_result(result) for result in beat.results])
    _put(made, "user", [_block(text) for text in (said.memory, said.input or BLANK) if text])
    return made


def _put(made: Listed, role: str, blocks: Listed) -> None:
    """Add blocks, to the last message if it is of the same role."""
    if made and made[-1]["role"] == role:
        made[-1]["content"].extend(blocks)
    else:
        made.append({"role": role, "content": blocks})


def _block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text if text.strip() else BLANK}


def _anthropic_blocks(beat: Beat) -> Listed:
    said = beat.parts.said
    if beat.role == "system":
        said = f"[system] {said}"
    elif beat.name:
        said = f"{beat.name}: {said}"
    images = beat.parts.images
    shown = images if beat.role == "user" else ()
    words = "\n".join([*([said] if said.strip() else []), *(i.line for i in images if not shown)])
    blocks = [_block(words)] if words else []
    blocks += [_anthropic_image(image) for image in shown]
    return blocks + [_anthropic_call(call) for call in beat.parts.calls]


def _anthropic_image(image: Image) -> dict[str, Any]:
    if image.kind == "url":
        return {"type": "image", "source": {"type": "url", "url": image.reference}}
    return _block(image.line)


def _anthropic_call(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": _object(call.arguments)}


def _object(arguments: str) -> dict[str, Any]:
    """Arguments as the object that the interface asks for, whatever the model wrote."""
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return {"arguments": arguments}
    return value if isinstance(value, dict) else {"arguments": arguments}


def _anthropic_result(result: Parts) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "tool_result", "tool_use_id": result.answers}
    if result.text.strip():
        made["content"] = result.text
    return {**made, "is_error": True} if result.failed else made


STYLES: Mapping[str, Callable[[Said], Listed]] = {
    "openai": openai_list,
    "anthropic": anthropic_list,
}
"""How each provider writes a conversation."""

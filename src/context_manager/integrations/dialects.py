"""How the providers' interfaces say the same four things; a table of pure functions.

This file decides where in a request the user's words stand, where memory goes, and where in an
answer or an event the text is. It knows neither clients nor managers. Requests may hold plain
dicts or the SDKs' own objects.

Memory goes right before the user's last message: what stands before it in the request stays the
same from call to call, so the provider's prompt cache keeps working.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from context_manager.errors import InputError
from context_manager.records import Message
from context_manager.records.provided import read_messages


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks.

    Args:
        text: The user's last message.
        earlier: Texts of the messages before it.
        since: What came after it: calls of tools and their results.
    """

    text: str
    earlier: tuple[str, ...] = ()
    since: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """One interface of one provider.

    Args:
        name: For the metadata of what is observed.
        asked: What a request asks; None if it holds no words of a user.
        with_memory: The request's keywords with a memory text put in.
        answered: Text of a whole answer; "" where it calls tools and is not the last word.
        piece: Text of one event of a stream.
        calls_tool: Whether an event says that the answer calls tools.
    """

    name: str
    asked: Callable[[Mapping[str, Any]], Asked | None]
    with_memory: Callable[[Mapping[str, Any], str], dict[str, Any]]
    answered: Callable[[Any], str]
    piece: Callable[[Any], str]
    calls_tool: Callable[[Any], bool]


def get(thing: Any, name: str, default: Any = None) -> Any:
    """A field of a dict or of an SDK's object."""
    if isinstance(thing, Mapping):
        return thing.get(name, default)
    return getattr(thing, name, default)


def text_of(content: Any) -> str:
    """The words of a message's content: a text, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    return "\n".join(text for part in content if isinstance(text := get(part, "text"), str))


def _last(items: Sequence[Any], wanted: Callable[[Any], bool]) -> int:
    return max((place for place, item in enumerate(items) if wanted(item)), default=-1)


def _is_users(message: Any) -> bool:
    return get(message, "role") == "user" and bool(text_of(get(message, "content")).strip())


def _texts(messages: Sequence[Any]) -> tuple[str, ...]:
    texts = (text_of(get(message, "content")) for message in messages)
    return tuple(text for text in texts if text.strip())


def _since(messages: Sequence[Any]) -> tuple[Message, ...]:
    """The messages after the user's; none where one of them cannot be understood."""
    try:
        return tuple(read_messages(messages))
    except InputError:
        return ()


# -- OpenAI chat completions ----------------------------------------------------------------------


def _chat_asked(keywords: Mapping[str, Any]) -> Asked | None:
    messages = list(keywords.get("messages") or ())
    place = _last(messages, _is_users)
    if place < 0:
        return None
    text = text_of(get(messages[place], "content"))
    return Asked(text, _texts(messages[:place]), _since(messages[place + 1 :]))


def _chat_with_memory(keywords: Mapping[str, Any], memory: str) -> dict[str, Any]:
    messages = list(keywords["messages"])
    messages.insert(_last(messages, _is_users), {"role": "system", "content": memory})
    return {**keywords, "messages": messages}


def _chat_answered(reply: Any) -> str:
    choices = get(reply, "choices") or ()
    message = get(choices[0], "message") if choices else None
    return "" if get(message, "tool_calls") else text_of(get(message, "content"))


def _delta(event: Any) -> Any:
    """What an event adds to the first of the answers that were asked for."""
    choices = get(event, "choices") or ()
    first = choices[0] if choices else None
    return None if get(first, "index") else get(first, "delta")


CHAT = Dialect(
    "openai",
    _chat_asked,
    _chat_with_memory,
    _chat_answered,
    piece=lambda event: text_of(get(_delta(event), "content")),
    calls_tool=lambda event: bool(get(_delta(event), "tool_calls")),
)


# -- OpenAI responses -----------------------------------------------------------------------------


def _items(keywords: Mapping[str, Any]) -> list[Any]:
    given = keywords.get("input")
    return [{"role": "user", "content": given}] if isinstance(given, str) else list(given or ())


def _responses_asked(keywords: Mapping[str, Any]) -> Asked | None:
    items = _items(keywords)
    place = _last(items, _is_users)
    if place < 0:
        return None
    text = text_of(get(items[place], "content"))
    since = [_as_chat(item) for item in items[place + 1 :]]
    return Asked(text, _texts(items[:place]), _since([item for item in since if item]))


def _as_chat(item: Any) -> dict[str, Any] | None:
    """A call or its result as a chat completion writes it; None for anything else."""
    identifier = get(item, "call_id")
    if get(item, "type") == "function_call":
        asked = {"name": get(item, "name"), "arguments": get(item, "arguments")}
        return {"role": "assistant", "tool_calls": [{"id": identifier, "function": asked}]}
    if get(item, "type") == "function_call_output":
        output = get(item, "output")
        said = output if isinstance(output, str) else text_of(output)
        return {"role": "tool", "tool_call_id": identifier, "content": said}
    return None


def _responses_with_memory(keywords: Mapping[str, Any], memory: str) -> dict[str, Any]:
    items = _items(keywords)
    items.insert(_last(items, _is_users), {"role": "system", "content": memory})
    return {**keywords, "input": items}


def _responses_answered(reply: Any) -> str:
    output = get(reply, "output") or ()
    if any(get(item, "type") == "function_call" for item in output):
        return ""
    return "".join(
        text_of(get(item, "content")) for item in output if get(item, "type") == "message"
    )


RESPONSES = Dialect(
    "openai",
    _responses_asked,
    _responses_with_memory,
    _responses_answered,
    piece=lambda event: event.delta if get(event, "type") == "response.output_text.delta" else "",
    calls_tool=lambda event: get(get(event, "item"), "type") == "function_call",
)


# -- Anthropic messages ---------------------------------------------------------------------------


def _messages_asked(keywords: Mapping[str, Any]) -> Asked | None:
    messages = list(keywords.get("messages") or ())
    place = _last(messages, _is_users)
    if place < 0:
        return None
    text = text_of(get(messages[place], "content"))
    return Asked(text, _texts(messages[:place]), _since(messages[place + 1 :]))


def _messages_with_memory(keywords: Mapping[str, Any], memory: str) -> dict[str, Any]:
    messages = list(keywords["messages"])
    place = _last(messages, _is_users)
    content = get(messages[place], "content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
    messages[place] = {"role": "user", "content": [{"type": "text", "text": memory}, *blocks]}
    return {**keywords, "messages": messages}


def _messages_answered(reply: Any) -> str:
    blocks = get(reply, "content") or ()
    if any(get(block, "type") == "tool_use" for block in blocks):
        return ""
    return "".join(get(block, "text") for block in blocks if get(block, "type") == "text")


MESSAGES = Dialect(
    "anthropic",
    _messages_asked,
    _messages_with_memory,
    _messages_answered,
    piece=lambda event: get(get(event, "delta"), "text") or "",
    calls_tool=lambda event: get(get(event, "content_block"), "type") == "tool_use",
)

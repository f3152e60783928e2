"""Decides what chat messages cost beyond their text.

The figures are those that OpenAI documents for its chat models since June 2023: each message is
framed by 3 tokens, a name costs 1 more, and the reply is primed with 3. Other providers frame
messages too and do not publish how; the same figures are used for them. An image is taken at the
most that either provider charges for one. This file counts nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from context_manager.errors import InputError

PER_MESSAGE = 3
"""Tokens that frame one message."""
PER_NAME = 1
"""Tokens that a ``name`` costs beyond its text."""
PRIMING = 3
"""Tokens that open the reply, once per list of messages."""

IMAGE = 1600
"""Tokens of an image of unknown size: 1,445 at most for OpenAI in high detail, 1,600 for
Anthropic."""
LOW_DETAIL = 85
"""Tokens of an image that OpenAI is asked to look at in low detail."""

_IMAGES = frozenset({"image", "image_url", "input_image"})
_AS_JSON = frozenset({"tool_use", "tool_result"})
_TEXTS = ("text", "refusal", "thinking")


def message_tokens(message: Mapping[str, Any], count: Callable[[str], int]) -> int:
    """Return the tokens of one message, without `PRIMING`.

    Args:
        message: ``role`` and ``content`` (a text, a list of parts, or None). Calls of tools and
            whatever else it holds are counted as the compact JSON they would be sent as.
        count: Tokens of a text.

    Raises:
        InputError: A part of the content is of a kind whose cost cannot be known here.
    """
    texts = [text for key, value in message.items() for text in _texts(key, value)]
    content = message.get("content")
    images = sum(map(_image_tokens, content)) if isinstance(content, list) else 0
    framing = PER_MESSAGE + PER_NAME * ("name" in message)
    return framing + images + sum(count(text) for text in texts)


def _texts(key: str, value: object) -> Iterable[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if key == "content" and isinstance(value, list):
        return [_part_text(part) for part in value]
    return [json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)]


def _image_tokens(part: object) -> int:
    """What an image costs; a tool's result may hold images too."""
    if not isinstance(part, Mapping):
        return 0
    if part.get("type") == "tool_result" and isinstance(part.get("content"), list):
        return sum(map(_image_tokens, part["content"]))
    if part.get("type") not in _IMAGES:
        return 0
    given = part.get("image_url")
    detail = given.get("detail") if isinstance(given, Mapping) else part.get("detail")
    return LOW_DETAIL if detail == "low" else IMAGE


def _part_text(part: object) -> str:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in _IMAGES:
        return ""
    if kind in _AS_JSON:
        return json.dumps(part, ensure_ascii=False, separators=(",", ":"), default=str)
    text: object = part
    if isinstance(part, Mapping):
        text = next((part[key] for key in _TEXTS if isinstance(part.get(key), str)), None)
    if not isinstance(text, str):
        raise InputError(
            f"a content part of type {type(part).__name__} holds no text; only text parts such as "
            '{"type": "text", "text": "..."}, images, tool calls and results can be counted'
        )
    return text

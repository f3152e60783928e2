"""Decides what chat messages cost beyond their text.

The figures are those that OpenAI documents for its chat models since June 2023: each message is
framed by 3 tokens, a name costs 1 more, and the reply is primed with 3. Other providers frame
messages too and do not publish how; the same figures are used for them. This file counts nothing
itself.
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


def message_tokens(message: Mapping[str, Any], count: Callable[[str], int]) -> int:
    """Return the tokens of one message, without `PRIMING`.

    Args:
        message: ``role`` and ``content`` (a text, a list of text parts, or None). Whatever else
            it holds, such as tool calls, is counted as the compact JSON it would be sent as.
        count: Tokens of a text.

    Raises:
        InputError: A part of the content is not text, so its cost cannot be known here.
    """
    texts = [text for key, value in message.items() for text in _texts(key, value)]
    return PER_MESSAGE + PER_NAME * ("name" in message) + sum(count(text) for text in texts)


def _texts(key: str, value: object) -> Iterable[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if key == "content" and isinstance(value, list):
        return [_part_text(part) for part in value]
    return [json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)]


def _part_text(part: object) -> str:
    text = part.get("text") if isinstance(part, Mapping) else part
    if not isinstance(text, str):
        raise InputError(
            f"a content part of type {type(part).__name__} holds no text; only text parts such as "
            '{"type": "text", "text": "..."} can be counted'
        )
    return text

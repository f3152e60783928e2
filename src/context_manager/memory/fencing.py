"""Quotes recorded text in a prompt so that it cannot end its own quotation or forge a speaker.

A summariser reads what anybody said and what it writes is remembered: it is a privilege boundary.
Inside the fence every message is one paragraph whose further lines are indented, so a line that
starts at the margin is always a real speaker's. Only what could close or open the fence is
altered; invisible characters that carry hidden text are dropped. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

TAG = "conversation-record"

_FORGED = re.compile(
    r"[<\uff1c\u2039\u27e8\ufe64](?=[\s/\\!\uff0f]{0,9}conversation[\W_]{0,9}record)", re.IGNORECASE
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)


class Spoken(Protocol):
    """A message as far as quoting it goes."""

    @property
    def speaker(self) -> str:
        """Who said it."""
        ...

    @property
    def text(self) -> str:
        """What was said."""
        ...


def fenced(text: str) -> str:
    """``text`` between the tags, with nothing in it that reads as one of them."""
    return f"<{TAG}>\n{defused(text)}\n</{TAG}>"


def defused(text: str) -> str:
    """``text`` without hidden characters and with forged tags made visible as text."""
    return _FORGED.sub("&lt;", _HIDDEN.sub("", text))


def transcript(messages: Iterable[Spoken]) -> str:
    """Messages as ``Speaker: text``, one paragraph each, further lines indented."""
    return "\n".join(
        f"{_one_line(message.speaker)}: {_indented(message.text)}" for message in messages
    )


def _indented(text: str) -> str:
    return "\n  ".join(text.splitlines())


def _one_line(name: str) -> str:
    return " ".join(name.replace(":", " ").split())

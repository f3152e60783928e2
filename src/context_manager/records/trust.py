"""How far a text may be trusted, by where it came from. Decides the order; enforces nothing."""

from __future__ import annotations

from enum import IntEnum


class Trust(IntEnum):
    """Operator > user > assistant > external. What is derived has the least of its sources."""

    EXTERNAL = 1
    """Tool results and documents: text by somebody who is not part of the conversation."""
    ASSISTANT = 2
    USER = 3
    OPERATOR = 4
    """The application itself: system messages, pinned rules."""


_OF_ROLE = {
    "system": Trust.OPERATOR,
    "user": Trust.USER,
    "assistant": Trust.ASSISTANT,
    "tool": Trust.EXTERNAL,
}


def trust_of_role(role: str) -> Trust:
    """The trust of a message by its role; an unknown role is external."""
    return _OF_ROLE.get(role, Trust.EXTERNAL)

"""Whose memory it is. Decides what a scope and a partition are; knows nothing of what is stored.

A *scope* names one session of one user. A *partition* is everything of that user (with one agent):
the widest a query may ever look, and the unit by which stores key, lock and count.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from context_manager.errors import ScopeError

MAX_ID_LENGTH = 256


class Partition(NamedTuple):
    """Tenant, user and agent: nothing ever crosses its border."""

    tenant_id: str
    user_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Five identifiers, compared exactly, character by character.

    Args:
        tenant_id: The customer or installation.
        user_id: The person whose memory it is.
        agent_id: The agent that remembers; two agents of one user share nothing.
        session_id: One conversation; short-term memory belongs to it.
        task_id: A piece of work inside the session; "" when unused.

    Raises:
        ScopeError: An identifier is not text, is longer than 256 characters, holds a character
            that stores cannot compare exactly (NUL, lone surrogate), or is empty (task_id may be).
    """

    tenant_id: str = "default"
    user_id: str = "default"
    agent_id: str = "default"
    session_id: str = "default"
    task_id: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_identifier(field.name, getattr(self, field.name))

    @property
    def partition(self) -> Partition:
        """The partition this scope lies in."""
        return Partition(self.tenant_id, self.user_id, self.agent_id)

    def narrowed(self, **identifiers: str | None) -> Scope:
        """This scope with the given identifiers replaced; None keeps the present one."""
        given = {name: value for name, value in identifiers.items() if value is not None}
        return replace(self, **given)


def _check_identifier(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise ScopeError(f"{name} must be text, got {type(value).__name__}")
    if not value and name != "task_id":
        raise ScopeError(f"{name} must not be empty; leave it out to use the default")
    if len(value) > MAX_ID_LENGTH:
        raise ScopeError(f"{name} has {len(value)} characters, at most {MAX_ID_LENGTH} are allowed")
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
        raise ScopeError(f"{name} holds a NUL or a lone surrogate; use printable text")


DEFAULT_SCOPE = Scope()

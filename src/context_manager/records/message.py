"""What was said: messages and the turns that group them. Decides shape, not storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from context_manager.errors import InputError
from context_manager.records.trust import Trust, trust_of_role

Role = Literal["system", "user", "assistant", "tool"]
ROLES: frozenset[str] = frozenset(get_args(Role))

ROLE_LABELS = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
"""What stands before a text whose speaker has no name."""


STUB = "stub"
"""Key of a message's metadata where its text stands for a longer one: tokens of that."""

UNDATED = "undated"
"""Key of metadata: true where the source did not say when; the time kept is when it came in."""


def clean_text(text: str) -> str:
    """Text that every store and every encoder can hold.

    NUL and lone surrogates become U+FFFD; nothing else changes (no Unicode normalisation), so any
    other text comes back exactly as it went in.
    """
    if not isinstance(text, str):
        raise InputError(f"text must be str, got {type(text).__name__}")
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return (
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    )


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance: the unit of retrieval and of evidence.

    Args:
        role: "user", "assistant", "tool" or "system".
        text: What was said; NUL and lone surrogates are replaced by U+FFFD.
        name: The speaker's name where there is one; it is indexed and shown with the text.
        timestamp: Seconds since 1970 (UTC); None takes the turn's.
        metadata: JSON-ready values kept with the message.
        id: Of its entry in long-term memory; "" while not stored. Not compared.
        trust: How far it may be trusted; None goes by the role. Not compared.

    Raises:
        InputError: Unknown role, or text that is not str.
    """

    role: Role
    text: str
    name: str | None = None
    timestamp: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default="", compare=False)
    trust: Trust | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InputError(f"role must be one of {sorted(ROLES)}, got {self.role!r}")
        object.__setattr__(self, "text", clean_text(self.text))
        if self.name is not None:
            object.__setattr__(self, "name", clean_text(self.name))

    @property
    def trusted(self) -> Trust:
        """How far the text may be trusted."""
        return trust_of_role(self.role) if self.trust is None else self.trust

    @property
    def speaker(self) -> str:
        """The name to show before the text."""
        return self.name or ROLE_LABELS[self.role]


def joined(messages: Iterable[Message]) -> str:
    """The messages as a prompt shows them, one "Speaker: text" line for each."""
    return "\n".join([f"{message.speaker}: {message.text}" for message in messages])


def limited(messages: Iterable[Message], most: Trust) -> tuple[Message, ...]:
    """The messages, each trusted as far as ``most`` at most, whatever its role says."""
    return tuple(replace(message, trust=min(message.trusted, most)) for message in messages)


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange: one or more messages, append-only, ordered by `seq` and never by the clock.

    Args:
        user_input: What the user said ("" if nothing).
        assistant_response: What the assistant answered ("" if nothing).
        token_count: Tokens of `text`.
        timestamp: Seconds since 1970 (UTC).
        id: Unique; "" while not stored.
        messages: The utterances; made of the two texts when left out.
        metadata: JSON-ready values of the caller.
        priority: Weight for priority eviction and importance; 1.0 is neutral.
        seq: Place in its session, from 0; -1 while not stored.
    """

    user_input: str
    assistant_response: str
    token_count: int
    timestamp: float
    id: str = ""
    messages: tuple[Message, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    priority: float = 1.0
    seq: int = -1

    def __post_init__(self) -> None:
        if not self.messages:
            pairs: tuple[tuple[Role, str], ...] = (
                ("user", self.user_input),
                ("assistant", self.assistant_response),
            )
            messages = tuple(Message(role, text) for role, text in pairs if text)
            object.__setattr__(self, "messages", messages)

    @classmethod
    def of(
        cls, messages: tuple[Message, ...], token_count: int, timestamp: float, **known: Any
    ) -> Turn:
        """The turn made of these messages; ``known`` are its other fields."""
        said = {
            role: "\n".join([message.text for message in messages if message.role == role])
            for role in ("user", "assistant")
        }
        return cls(
            said["user"], said["assistant"], token_count, timestamp, messages=messages, **known
        )

    @property
    def text(self) -> str:
        """The turn as the prompt shows it, one "Speaker: text" line per message."""
        return joined(self.messages)

    @property
    def user_text(self) -> str:
        """What the user said."""
        return self.user_input

    @property
    def assistant_text(self) -> str:
        """What the assistant answered."""
        return self.assistant_response

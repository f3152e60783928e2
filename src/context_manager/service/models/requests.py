"""What requests hold. Decides names, defaults and the widest ranges; nothing is done here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from context_manager.service.models.fields import (
    CLEANED,
    DIGITS,
    NOT_BLANK,
    NUMBER,
    SPOKEN,
    WHOLE,
    Body,
    Identifier,
    Metadata,
    Moment,
    Query,
    Share,
)
from context_manager.service.settings import Limits

_LIMITS = Limits()
MAX_K = _LIMITS.k
MAX_BATCH = _LIMITS.batch

EntryKind = Literal["message", "summary", "fact", "note", "document", "pinned"]
MadeKind = Literal["fact", "note", "document"]

Spoken = Annotated[
    str,
    Field(min_length=1, max_length=_LIMITS.text_chars, json_schema_extra=NOT_BLANK),
    CLEANED,
    SPOKEN,
]
"""A text with more than white space."""
Asked = Annotated[str, Field(max_length=_LIMITS.input_chars), CLEANED]
"""Any text."""
Budget = Annotated[int, Field(ge=1, le=_LIMITS.budget), WHOLE]

_USER = Field(default=None, description="Whose memory; the credential's own user when left out.")
_SESSION = Field(default=None, description='Which conversation; "default" when left out.')
_AGENT = Field(default=None, description='Which agent remembers; "default" when left out.')


class Whose(Body):
    """Whose memory a request is about, in its body."""

    user_id: Identifier | None = _USER
    session_id: Identifier | None = _SESSION
    agent_id: Identifier | None = _AGENT


class WhoseQuery(Query):
    """Whose memory a request is about, in its query string."""

    user_id: Identifier | None = _USER
    session_id: Identifier | None = _SESSION
    agent_id: Identifier | None = _AGENT


class ChatRequest(Whose):
    """A message to the language model, with memory."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"message": "Where does my sister live?"}]}
    )
    message: Spoken
    metadata: Metadata = Field(default_factory=dict, description="Kept with the turn.")
    budget: Budget | None = Field(
        default=None, description="Most tokens of the prompt; the service's own when left out."
    )
    stream: bool = Field(default=False, description="Answer with server-sent events.")


class MemoryQueryRequest(Whose):
    """A question to long-term memory."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "sister", "k": 3}]})
    query: Asked
    k: Annotated[int, Field(ge=0, le=MAX_K), WHOLE] = Field(default=5, description="Hits at most.")
    kinds: Annotated[list[EntryKind], Field(min_length=1, max_length=6)] | None = Field(
        default=None, description="Only these kinds of memories."
    )
    as_of: Moment | None = Field(
        default=None, description="Only what was known then, seconds since 1970."
    )


class MemoryAddRequest(Whose):
    """A text to remember."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "My sister Ana lives in Porto."}]}
    )
    text: Spoken
    metadata: Metadata = Field(default_factory=dict, description="Kept with the memory.")
    kind: MadeKind = "note"
    timestamp: Moment | None = Field(
        default=None, description="When it became true, seconds since 1970; now when left out."
    )
    importance: Share = 0.5
    expires_at: Moment | None = Field(
        default=None, description="Not shown after this time, seconds since 1970."
    )


class CompletionRequest(BaseModel):
    """A chat completion as OpenAI's clients send it; what is not named here is passed on as is."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "model": "a-model",
                    "messages": [{"role": "user", "content": "Where does my sister live?"}],
                }
            ]
        },
    )
    messages: Annotated[list[dict[str, Any]], Field(min_length=1)]
    model: str | None = None
    stream: bool | None = None
    user: Identifier | None = Field(
        default=None, description="Whose memory, unless the header X-User-Id says."
    )


class PinRequest(Whose):
    """A text to show in every prompt."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Answer in French."}]})
    text: Spoken


class CorrectRequest(Whose):
    """What a memory should say instead."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "My sister Ana lives in Lisbon."}]}
    )
    text: Spoken


class ClearRequest(Whose):
    """Whose memory to delete; an empty body stands for the credential's own user."""


class Fitting(Body):
    """Which memories; all that is given must fit."""

    kinds: Annotated[list[EntryKind], Field(min_length=1, max_length=6)] | None = None
    session_id: Identifier | None = None
    since: Moment | None = None
    until: Moment | None = None


class ForgetRequest(Whose):
    """What to delete, with all that was derived from it alone: one of the three."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ids": ["mem_0123456789abcdef"]}],
            "oneOf": [
                {"required": ["ids"]},
                {"required": ["where"]},
                {"required": ["everything"]},
            ],
        }
    )
    ids: Annotated[list[Identifier], Field(min_length=1, max_length=MAX_BATCH)] = Field(
        default_factory=list, description="Of memories or turns."
    )
    where: Fitting = Field(default_factory=Fitting)
    everything: Literal[True] = Field(default=True, description="All memory of the user.")

    @model_validator(mode="after")
    def _one_of_three(self) -> ForgetRequest:
        if len(self.model_fields_set & {"ids", "where", "everything"}) != 1:
            raise ValueError("give one of ids, where and everything")
        return self


class ContextRequest(Whose):
    """An input to build a prompt for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"input": "Where does my sister live?", "budget": 2000}]}
    )
    input: Asked
    budget: Budget | None = Field(
        default=None, description="Most tokens; the service's own when left out."
    )
    now: Moment | None = Field(
        default=None, description="The present, seconds since 1970; the clock when left out."
    )
    explain: bool = Field(default=True, description="Tell slots and near misses too.")


class MessageIn(Body):
    """One utterance."""

    role: Literal["user", "assistant", "tool", "system"]
    content: Spoken
    name: Identifier | None = Field(default=None, description="The speaker's name.")
    timestamp: Moment | None = None


class TurnRequest(Whose):
    """One exchange to remember."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "messages": [
                        {"role": "user", "content": "My sister Ana lives in Porto."},
                        {"role": "assistant", "content": "Noted."},
                    ]
                }
            ]
        }
    )
    messages: Annotated[list[MessageIn], Field(min_length=1, max_length=MAX_BATCH)]
    metadata: Metadata = Field(default_factory=dict)
    timestamp: Moment | None = None
    priority: Annotated[float, Field(ge=0, le=1000), NUMBER] = 1.0


class Page(WhoseQuery):
    """A part of a list."""

    limit: Annotated[int, Field(ge=1, le=1000), DIGITS] = Field(default=50, description="At most.")


class TurnsQuery(Page):
    """Which turns of the session."""

    after: Annotated[int, Field(ge=-1, le=2**53), DIGITS] = Field(
        default=-1, description="Only turns with a higher seq; `next` of the page before."
    )
    last: Annotated[int, Field(ge=1, le=1000), DIGITS] | None = Field(
        default=None, description="The newest so many, in place of a page."
    )


class ListQuery(Page):
    """Which memories."""

    after: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="`next` of the page before."
    )
    kind: EntryKind | None = None
    session: Identifier | None = Field(default=None, description="Only of this session.")

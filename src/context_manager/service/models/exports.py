"""What the lines of an export may hold when they come back: names, kinds and ranges.

Decides what is refused before anything of a file is believed. Vectors and the ledger are not taken
from a file that anybody may have written.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from context_manager.service.models.fields import (
    CLEANED,
    MAX_ID,
    Identifier,
    Metadata,
    Moment,
    Share,
)

Text = Annotated[str, CLEANED]
Name = Annotated[str, Field(max_length=1000), CLEANED]
Optional = Moment | None
MOST_SOURCES = 10_000


class ExportedMemory(BaseModel):
    """What entries and messages share."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)
    id: Identifier
    text: Text
    metadata: Metadata
    timestamp: Moment
    name: Name | None
    place: Annotated[int, Field(ge=0, le=2**31)]
    trust: Literal["operator", "user", "assistant", "external"]
    importance: Share
    source_ids: Annotated[list[Identifier], Field(max_length=MOST_SOURCES)]
    expires_at: Optional
    valid_from: Optional
    valid_to: Optional
    superseded_by: Identifier | None
    session_id: Identifier
    task_id: Annotated[str, Field(max_length=MAX_ID)]


class ExportedEntry(ExportedMemory):
    """An entry that nobody said."""

    record: Literal["entry"]
    kind: Literal["summary", "fact", "note", "document", "pinned"]
    role: None


class ExportedMessage(ExportedMemory):
    """A message of a turn."""

    kind: Literal["message", "pinned"]
    role: Literal["user", "assistant", "tool", "system"]


class ExportedTurn(BaseModel):
    """A turn with its messages."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)
    record: Literal["turn"]
    id: Identifier
    timestamp: Moment
    token_count: Annotated[int, Field(ge=0, le=2**31)]
    priority: Annotated[float, Field(ge=0, le=1000)]
    metadata: Metadata
    consolidated: bool
    messages: Annotated[list[ExportedMessage], Field(min_length=1)]

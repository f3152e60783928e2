"""What answers about memories hold, and how records become answers. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Self

from pydantic import ConfigDict, Field

from context_manager.records import Hit, MemoryEntry, Receipt
from context_manager.service.models.fields import Told


class Found(Told):
    """One hit; the score lies in [0, 1], higher is better."""

    text: str
    score: float
    id: str
    kind: str
    timestamp: float


class MemoryQueryResponse(Told):
    """Hits, best first."""

    results: list[Found]

    @classmethod
    def of(cls, hits: Iterable[Hit]) -> Self:
        """The hits of a search."""
        return cls(
            results=[
                Found(
                    text=hit.entry.text,
                    score=hit.score,
                    id=hit.entry.id,
                    kind=hit.entry.kind,
                    timestamp=hit.entry.timestamp,
                )
                for hit in hits
            ]
        )


class MemoryAddResponse(Told):
    """The id of what is remembered."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"memory_id": "mem_0123456789abcdef", "success": True}]}
    )
    memory_id: str
    success: bool = True


class StatsResponse(Told):
    """Counts and settings."""

    model_config = ConfigDict(extra="allow")
    short_term_memory: dict[str, Any]
    long_term_memory: dict[str, Any]
    config: dict[str, Any]


class ReceiptOut(Told):
    """What was deleted: counts and steps, no content."""

    entries: int
    turns: int
    rederived: int
    dropped: int
    bytes_scrubbed: bool
    at: float
    kinds: dict[str, int]
    recorded: int
    asked: str
    store: str
    number: int
    previous: str
    digest: str

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """A receipt."""
        return cls(**asdict(receipt))


class ClearResponse(Told):
    """That everything is deleted."""

    success: bool
    receipt: ReceiptOut


class MemoryOut(Told):
    """One thing remembered."""

    id: str
    text: str
    kind: str
    metadata: dict[str, Any]
    timestamp: float
    session_id: str
    role: str | None
    name: str | None
    turn_id: str | None
    trust: str
    importance: float
    source_ids: list[str]
    expires_at: float | None
    valid_from: float | None
    valid_to: float | None
    superseded_by: str | None

    @classmethod
    def of(cls, entry: MemoryEntry) -> Self:
        """An entry."""
        return cls(
            id=entry.id,
            text=entry.text,
            kind=entry.kind,
            metadata=dict(entry.metadata),
            timestamp=entry.timestamp,
            session_id=entry.scope.session_id,
            role=entry.role,
            name=entry.name,
            turn_id=entry.turn_id,
            trust=entry.trust.name.lower(),
            importance=entry.importance,
            source_ids=list(entry.source_ids),
            expires_at=entry.expires_at,
            valid_from=entry.valid_from,
            valid_to=entry.valid_to,
            superseded_by=entry.superseded_by,
        )


class MemoryPage(Told):
    """Memories, oldest first."""

    items: list[MemoryOut]
    next: str | None = Field(description="`after` of the next page; null at the end.")


class SourcesResponse(Told):
    """What a summary or a fact was made from."""

    items: list[MemoryOut]

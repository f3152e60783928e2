"""What answers hold, and how records become answers. Nothing is decided about memory here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Self

from pydantic import ConfigDict, Field

from context_manager.records import Context, Hit, MemoryEntry, NearMiss, Receipt, Slot, Turn
from context_manager.service.models.fields import Told


class ChatResponse(Told):
    """The model's answer."""

    response: str
    context_length: int = Field(description="Characters of the prompt.")
    memory_stats: dict[str, Any]
    turn_id: str
    degraded: list[str] = Field(
        description='What did not work; with "llm", the answer was put together from memory.'
    )


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


class SlotOut(Told):
    """One piece of the prompt, why it is in, and what it costs."""

    section: str
    text: str
    tokens: int
    reason: str
    entry_id: str | None
    turn_id: str | None
    score: float | None
    stages: dict[str, float]
    kind: str | None
    speaker: str | None
    timestamp: float | None
    trust: str | None
    source_ids: list[str]
    cut: bool
    hole: bool

    @classmethod
    def of(cls, slot: Slot) -> Self:
        """A slot."""
        told = asdict(slot)
        return cls(**{**told, "source_ids": list(slot.source_ids)})


class NearMissOut(Told):
    """What did not get in, and why."""

    entry_id: str
    text: str
    tokens: int
    reason: str
    score: float
    stages: dict[str, float]

    @classmethod
    def of(cls, miss: NearMiss) -> Self:
        """A near miss."""
        return cls(**asdict(miss))


class ContextResponse(Told):
    """A finished prompt with the account of it: the slots' texts joined are the prompt."""

    text: str
    tokens: int
    budget: int
    messages: list[dict[str, Any]]
    answerability: float
    covered: bool
    degraded: list[str]
    slots: list[SlotOut]
    near_misses: list[NearMissOut]

    @classmethod
    def of(cls, context: Context, explain: bool) -> Self:
        """A context."""
        return cls(
            text=context.text,
            tokens=context.tokens,
            budget=context.budget,
            messages=context.messages(),
            answerability=context.answerability,
            covered=context.covered,
            degraded=list(context.degraded),
            slots=[SlotOut.of(slot) for slot in context.slots] if explain else [],
            near_misses=[NearMissOut.of(miss) for miss in context.near_misses] if explain else [],
        )


class MessageOut(Told):
    """One utterance."""

    id: str
    role: str
    content: str
    name: str | None
    timestamp: float | None


class TurnOut(Told):
    """One exchange."""

    id: str
    seq: int
    timestamp: float
    token_count: int
    priority: float
    metadata: dict[str, Any]
    messages: list[MessageOut]

    @classmethod
    def of(cls, turn: Turn) -> Self:
        """A turn."""
        return cls(
            id=turn.id,
            seq=turn.seq,
            timestamp=turn.timestamp,
            token_count=turn.token_count,
            priority=turn.priority,
            metadata=dict(turn.metadata),
            messages=[
                MessageOut(
                    id=message.id,
                    role=message.role,
                    content=message.text,
                    name=message.name,
                    timestamp=message.timestamp,
                )
                for message in turn.messages
            ],
        )


class TurnPage(Told):
    """Turns in the order in which they were said."""

    items: list[TurnOut]
    next: int | None = Field(description="`after` of the next page; null at the end.")


class SessionsResponse(Told):
    """Sessions that hold a turn, oldest first."""

    items: list[str]


class Job(Told):
    """Background work of the user's memory."""

    name: str
    state: str = Field(description='"idle" or "waiting".')
    waiting: int = Field(description="Items that wait; of very many, not all are counted.")


class JobsResponse(Told):
    """Background work of the user's memory."""

    items: list[Job]


class HealthResponse(Told):
    """That the process answers."""

    status: str
    version: str


class ReadyResponse(Told):
    """Whether requests can be served, part by part."""

    status: str
    checks: dict[str, str]


class Fault(Told):
    """One value that does not fit."""

    where: str
    what: str


class Problem(Told):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Fault] = Field(default_factory=list)


class ImportResponse(Told):
    """What an import brought."""

    turns: int
    messages: int
    sessions: int

"""What answers about prompts and conversations hold, and how records become answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Self

from pydantic import Field

from context_manager.records import Context, NearMiss, Slot, Turn
from context_manager.service.models.fields import Told

COVERED = (
    "Whether memory as a whole seems to hold an answer, whether or not it had room in this budget; "
    "what had none is among the near misses."
)


class ChatResponse(Told):
    """The model's answer."""

    response: str
    context_length: int = Field(description="Characters of the prompt.")
    memory_stats: dict[str, Any]
    turn_id: str
    degraded: list[str] = Field(
        description='What did not work; with "llm", the answer was put together from memory.'
    )


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
    covered: bool = Field(description=COVERED)
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

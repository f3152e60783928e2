"""What is answered about usage. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Self

from pydantic import Field

from context_manager.service.models.fields import Told
from context_manager.service.usage import Row


class UsageRow(Told):
    """One operation."""

    at: float
    name: str
    seconds: float
    tokens: int | None
    budget: int | None
    reused: float | None = Field(
        description="Share of the session's prompt before that stands again at the beginning."
    )
    degraded: list[str]
    failed: bool


class UsageResponse(Told):
    """The latest operations of the user in this process, oldest first."""

    items: list[UsageRow]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """Rows that were kept."""
        return cls(items=[UsageRow(**{**asdict(r), "degraded": list(r.degraded)}) for r in rows])

"""What a manager did, as its hooks see it: one record per operation, with its stages inside.

Decides the shape of these records. Figures are lengths and counts; what was said stands only in
`Operation.content`, which a hook receives only if it asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from context_manager.records.scope import Scope

OPERATIONS = (
    "build",
    "search",
    "observe",
    "add",
    "ingest",
    "forget",
    "embed",
    "consolidate",
)
"""Every name an operation may have."""

STAGES: Mapping[str, tuple[str, ...]] = {
    "build": ("pending", "embed", "columns", "rank", "read", "plan", "pack"),
    "search": ("pending", "embed", "columns", "rank", "read"),
    "observe": ("draft", "store", "consolidate"),
}
"""The stages of an operation, in their order; operations that are not here have none.

``pending`` embeds what is waiting for a vector, ``embed`` the input; ``columns`` follows the store,
``read`` fetches the entries found; ``store`` commits.
"""

Figure: TypeAlias = int | float


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of an operation.

    Args:
        name: See `STAGES`.
        start: Seconds after the operation began.
        seconds: How long it took.
    """

    name: str
    start: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a manager, finished or failed.

    Args:
        name: See `OPERATIONS`.
        scope: Whose memory.
        at: When it began, seconds since 1970 by the manager's clock.
        seconds: How long it took.
        stages: Its stages in order; those before the failure if it failed.
        figures: Counts and lengths by name: ``tokens``, ``budget``, ``chars``, ``entries``, ...
        degraded: Names of what did not work while it succeeded all the same ("embedding", ...).
        error: Type of the error that ended it, "" if it succeeded.
        content: Texts by name ("input", "text", ...), for hooks whose `log_content` is True; None
            for all others. Never shown by ``repr``.
    """

    name: str
    scope: Scope
    at: float
    seconds: float
    stages: tuple[Stage, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    error: str = ""
    content: Mapping[str, str] | None = field(default=None, repr=False, compare=False)

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""
        return bool(self.error)

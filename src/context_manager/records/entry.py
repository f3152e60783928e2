"""What is remembered: entries of long-term memory and the hits of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from context_manager.records.message import UNDATED, Role
from context_manager.records.scope import DEFAULT_SCOPE, Scope
from context_manager.records.trust import Trust

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["message", "summary", "fact", "note", "document", "pinned"]
KINDS: tuple[str, ...] = get_args(Kind)


class _Derived:
    """Holds what was derived of a record, so that it goes when the record goes."""

    __slots__ = ("derived",)
    derived: object


@dataclass(frozen=True, slots=True)
class MemoryEntry(_Derived):
    """One thing remembered.

    Args:
        id: Unique; those made by `add_memory` start with ``mem_``.
        text: The text as it was given; never changed after.
        embedding: float32 vector of unit length, shape (dimension,), or None while it is pending
            or was not asked for.
        metadata: JSON-ready values of the caller.
        timestamp: When it was said or became true, seconds since 1970 (UTC); see `dated`.
        kind: "message" (verbatim), "summary", "fact", "note" (added by hand), "document"
            (ingested) or "pinned" (always in the prompt).
        scope: Whose memory it is.
        role: Of a message, who spoke; None otherwise.
        name: Of a message, the speaker's name.
        turn_id: Of a message, its turn.
        seq: Of a message, its turn's place in the session; -1 otherwise.
        place: Of a message, its place in the turn; of a document, its place in the file.
        trust: How far the text may be trusted.
        importance: In [0, 1]; 0.5 is neutral.
        source_ids: Of what is derived, the entries it was made from.
        expires_at: Not shown after this time; None means never.
        valid_from: Of a fact, since when it holds; None means unknown.
        valid_to: Of a fact, until when it held; None means still.
        superseded_by: The entry that replaced this one.
    """

    id: str
    text: str
    embedding: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    timestamp: float = 0.0
    kind: Kind = "note"
    scope: Scope = DEFAULT_SCOPE
    role: Role | None = None
    name: str | None = None
    turn_id: str | None = None
    seq: int = -1
    place: int = 0
    trust: Trust = Trust.USER
    importance: float = 0.5
    source_ids: tuple[str, ...] = ()
    expires_at: float | None = None
    valid_from: float | None = None
    valid_to: float | None = None
    superseded_by: str | None = None

    @property
    def dated(self) -> float | None:
        """The timestamp; None where a file without times was imported, and it is the import's."""
        return None if self.metadata.get(UNDATED) else self.timestamp


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a search.

    Args:
        entry: What was found.
        score: Calibrated relevance in [0, 1]; 0.5 means more likely relevant than not.
        stages: What each stage of ranking added, by name, for `explain`; in no fixed unit, but one
            for all hits of a search.
        start: First character of the passage that matched best.
        end: One past its last character.
        tokens: What showing it costs, speaker and line end included, as counted when it was
            stored; None where that is not known.
    """

    entry: MemoryEntry
    score: float
    stages: Mapping[str, float] = field(default_factory=dict)
    start: int = 0
    end: int = 0
    tokens: int | None = None

    @property
    def passage(self) -> str:
        """The part of the text that matched best."""
        return self.entry.text[self.start : self.end] if self.end else self.entry.text

"""The finished prompt and the account of it: what is in, why, at what cost, what just missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Slot:
    """One piece of the prompt.

    Args:
        section: "pinned", "summary", "recent", "memory" or "input".
        text: Exactly what this slot adds to the prompt, its heading and separators included: the
            texts of all slots joined are the prompt.
        tokens: What it costs: tokens of the prompt up to and with this slot, less those before
            it. The costs of all slots sum exactly to `Context.tokens`.
        reason: Why it is in, in words.
        entry_id: The entry shown, None for the input.
        turn_id: The turn it belongs to, where there is one.
        score: Calibrated relevance in [0, 1], None where nothing was ranked.
        stages: Score of each ranking stage by name.
        kind, speaker, timestamp, trust, source_ids: As on the entry.
        cut: True where only a part of the entry's text is shown.
        hole: True in a rebuilt prompt where what stood here was forgotten since, or was not
            recorded because it held a secret.
    """

    section: str
    text: str
    tokens: int
    reason: str
    entry_id: str | None = None
    turn_id: str | None = None
    score: float | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    kind: str | None = None
    speaker: str | None = None
    timestamp: float | None = None
    trust: str | None = None
    source_ids: tuple[str, ...] = ()
    cut: bool = False
    hole: bool = False


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A candidate that did not get in: what it was, what it would have cost, and why it is out."""

    entry_id: str
    text: str
    tokens: int
    reason: str
    score: float
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """A finished prompt.

    Args:
        text: The prompt. ``count(text) <= budget`` always holds.
        tokens: Exact tokens of `text`.
        budget: The token budget it was built for.
        slots: The pieces in reading order; their texts joined are `text`, their costs sum to
            `tokens`.
        near_misses: The best candidates that stayed out.
        answerability: Estimated probability in [0, 1] that some memory answers the input.
        covered: False when no memory seems to answer the input.
        degraded: Names of what did not work while building ("embedding", ...); empty when all did.
        input: The user's input as given.
        id: Names the recorded prompt, None unless recording is on.
    """

    text: str
    tokens: int
    budget: int
    slots: tuple[Slot, ...]
    near_misses: tuple[NearMiss, ...] = ()
    answerability: float = 1.0
    covered: bool = True
    degraded: tuple[str, ...] = ()
    input: str = ""
    id: str | None = None

    def __str__(self) -> str:
        return self.text

    def messages(self) -> list[dict[str, Any]]:
        """The prompt as a message list: memory as a system message, the input as the user's."""
        before = "".join(slot.text for slot in self.slots if slot.section != "input").strip()
        system = [{"role": "system", "content": before}] if before else []
        return [*system, {"role": "user", "content": self.input}]

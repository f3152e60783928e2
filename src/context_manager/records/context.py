"""The finished prompt and the account of it: what is in, why, at what cost, what just missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

Style = Literal["openai", "anthropic"]

Arranged = Callable[[str], list[dict[str, Any]]]
"""Writes a prompt as messages of a style."""


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
        stages: What each stage of ranking added, by name; 0 or less spoke against it.
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


Account: TypeAlias = Callable[[], tuple[tuple[Slot, ...], tuple[NearMiss, ...]]]
"""Makes the slots of a context and its near misses."""

_ACCOUNTED = ("slots", "near_misses")


class _Deferred:
    """Holds what makes the slots of a context, where they are made only when looked at."""

    __slots__ = ("_account",)
    _account: Account


@dataclass(frozen=True, slots=True)
class Context(_Deferred):
    """A finished prompt.

    Args:
        text: The prompt. ``count(text) <= budget`` always holds.
        tokens: Exact tokens of `text`.
        budget: The token budget it was built for.
        slots: The pieces in reading order; their texts joined are `text`, their costs sum to
            `tokens`.
        near_misses: The best candidates that stayed out.
        answerability: Estimated probability in [0, 1] that some memory answers the input.
        covered: False when no memory seems to answer the input; of memory as a whole, whether or
            not what answers had room in this budget.
        degraded: Names of what did not work while building ("embedding", ...); empty when all did.
        input: The user's input as given.
        id: Names the recorded prompt, None unless recording is on.
        arranged: Writes it as messages; None in a rebuilt prompt. Not compared.
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
    arranged: Arranged | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def accounted(cls, account: Account, **told: Any) -> Context:
        """A context whose slots and near misses are made when they are first looked at.

        Most prompts are only sent; explaining each of hundreds of slots would cost as much as
        choosing them.

        Args:
            account: Gives both, always the same.
            told: Everything else.
        """
        made = cls(slots=(), **told)
        object.__setattr__(made, "_account", account)
        for name in _ACCOUNTED:
            object.__delattr__(made, name)
        return made

    if not TYPE_CHECKING:  # a checker must know every attribute by its name

        def __getattr__(self, name: str) -> Any:
            """Make what was put off; asked only for what is not there."""
            if name not in _ACCOUNTED:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            for each, value in zip(_ACCOUNTED, self._account(), strict=True):
                object.__setattr__(self, each, value)
            return getattr(self, name)

    def messages(self, style: Style = "openai") -> list[dict[str, Any]]:
        """The prompt as a list of messages in a provider's shape, within the same budget.

        Pinned texts and summaries come first, then the recent messages as they were said, calls
        of tools with their results, then the memories, then the input. ``count_tokens`` of the
        list is at most `budget`; what does not fit with the framing of messages is left out, a
        call never without its result. A rebuilt prompt gives two messages: what stood before the
        input, and the input.

        Args:
            style: "openai" for chat completions; "anthropic" for Anthropic's messages, where the
                texts that are the system's for OpenAI stand in the user's messages.

        Raises:
            InputError: No such style.
            BudgetError: The input alone, framed as a message, exceeds the budget.
        """
        if self.arranged is not None:
            return self.arranged(style)
        before = "".join(slot.text for slot in self.slots if slot.section != "input").strip()
        if style == "anthropic":
            blocks = [{"type": "text", "text": text} for text in (before, self.input) if text]
            return [{"role": "user", "content": blocks}]
        system = [{"role": "system", "content": before}] if before else []
        return [*system, {"role": "user", "content": self.input}]

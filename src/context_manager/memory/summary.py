"""What a summary is, and whether a model's answer may be one.

This file decides when an answer is refused; it must not know prompts or providers. Refusing
costs nothing but quality, since an extractive summary stands ready.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from context_manager.memory.extractive import SMALLEST
from context_manager.memory.fencing import TAG
from context_manager.records import Trust, Turn

MADE_AFTER = "made_after"
"""In a summary's metadata: place in the session of the last turn said when it was made."""

FAR = 20
"""An answer with so many times the characters of its source is not worth counting."""

ECHO_LENGTH = 60
"""Characters of the instructions that an answer may not repeat."""

_THINKING = re.compile(r"^\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_REFUSALS = (
    "i'm sorry",
    "i am sorry",
    "sorry,",
    "i cannot",
    "i can't",
    "i can not",
    "i'm unable",
    "i am unable",
    "unfortunately, i",
    "as an ai",
    "as a language model",
)
_WORD = re.compile(r"\w{4,}")


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary and how it came about.

    Args:
        text: The summary; "" only for sources without text.
        method: "extractive", "llm", or "custom" for a subclass's own.
        model: The model that wrote it, "" where none did.
        degraded: True where a model should have written it and did not; it may be tried again.
        reason: Why it is degraded: the kind of failure, never any content.
    """

    text: str
    method: str
    model: str = ""
    degraded: bool = False
    reason: str = ""


def without_thinking(answer: str) -> str:
    """An answer without the reasoning that some models put before it."""
    return _THINKING.sub("", answer).strip()


def objection(
    answer: str, *, source: str, source_tokens: int, prompt: str, count: Callable[[str], int]
) -> str:
    """Why an answer cannot be a summary of ``source``; "" if it can.

    Args:
        answer: What the model wrote, white space stripped.
        source: The text to summarise.
        source_tokens: Tokens of the source.
        prompt: What the model was asked.
        count: Counts tokens; not asked about an answer that is far too long at a glance.
    """
    if not any(char.isalnum() for char in answer):
        return "empty answer"
    far_too_long = len(answer) > FAR * max(len(source), SMALLEST)
    if far_too_long or count(answer) > max(source_tokens, SMALLEST):
        return "longer than its source"
    if f"<{TAG}>" in answer or f"</{TAG}>" in answer or _repeats(answer, prompt, source):
        return "echo of the prompt"
    if answer.casefold().replace("\u2019", "'").startswith(_REFUSALS) and not _about(
        answer, source
    ):
        return "refusal"
    return ""


def derived_trust(turns: Iterable[Turn]) -> Trust:
    """The trust of what is made of these turns: the least of their messages'."""
    return min((m.trusted for turn in turns for m in turn.messages), default=Trust.EXTERNAL)


def _repeats(answer: str, prompt: str, source: str) -> bool:
    """Whether the answer opens with the instructions, or holds their opening."""
    opening = prompt[:ECHO_LENGTH]
    begins = answer[:ECHO_LENGTH]
    return opening in answer or (
        len(begins) == ECHO_LENGTH and begins in prompt and begins not in source
    )


def _about(answer: str, source: str) -> bool:
    """Whether at least half of the answer's longer words occur in the source."""
    words = set(_WORD.findall(answer.casefold()))
    known = words & set(_WORD.findall(source.casefold()))
    return 2 * len(known) >= len(words)

"""What a fact is and how it lies in an entry. Decides shape only.

A fact fills a *slot* of a *subject* with a *value*: slot "home", subject "Nora", value "Lisbon".
A slot of "likes" kind is part of the name ("preference:jazz"), so that opposite statements about
one thing meet in one slot. A negated fact says that the value holds no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from context_manager.records import MemoryEntry

USER = "The user"
"""The subject of what a user without a name says of themselves."""

MANY = frozenset({"pet", "language", "allergy", "instrument", "learning", "membership"})
"""Slots that hold several values at once; so do those that begin with `EACH`."""

EACH = "one of "
"""Opens a slot for people of whom one has several: "one of sister"."""


def whose(subject: str, *, inside: bool = False) -> str:
    """The subject as an owner; ``inside`` a sentence the user is written small."""
    return f"{subject.lower() if inside and subject == USER else subject}'s"


def holds_many(slot: str) -> bool:
    """Whether a slot holds several values at once."""
    return slot in MANY or slot.startswith(EACH)


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement that holds until another takes its place.

    Args:
        subject: Whom it is about.
        slot: What about them, in lower case.
        value: The filling, as it was said; "" in a negated fact means whatever was there.
        text: The statement as a sentence of its own.
        said_at: When it was said, seconds since 1970.
        source_ids: The entries it was taken from.
        confidence: In [0, 1].
        negated: It says that the value does not hold, or holds no more.
    """

    subject: str
    slot: str
    value: str
    text: str
    said_at: float
    source_ids: tuple[str, ...] = ()
    confidence: float = 0.9
    negated: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """What this is a statement about, compared without case."""
        return folded(self.subject), folded(self.slot)

    def metadata(self) -> dict[str, Any]:
        """The fields as an entry's metadata keep them, JSON-ready."""
        return {
            "subject": self.subject,
            "slot": self.slot,
            "value": self.value,
            "negated": self.negated,
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class Held:
    """A fact that is remembered already, with the id of its entry."""

    entry_id: str
    fact: Fact

    @classmethod
    def of(cls, entry: MemoryEntry) -> Held | None:
        """The fact in an entry; None if the entry holds none."""
        told = entry.metadata.get("fact")
        if not isinstance(told, Mapping) or not told.get("slot"):
            return None
        fact = Fact(
            subject=str(told.get("subject", USER)),
            slot=str(told["slot"]),
            value=str(told.get("value", "")),
            text=entry.text,
            said_at=entry.valid_from if entry.valid_from is not None else entry.timestamp,
            source_ids=entry.source_ids,
            confidence=float(told.get("confidence", 1.0)),
            negated=bool(told.get("negated", False)),
        )
        return cls(entry.id, fact)


def folded(text: str) -> str:
    """A text as it is compared: without case, articles and punctuation at the ends."""
    words = " ".join(text.casefold().replace("\u2019", "'").split()).strip(".,;:!?'\" ")
    for article in ("the ", "a ", "an ", "my "):
        words = words.removeprefix(article)
    return words

"""The candidates for a prompt, before anything is rendered or counted.

A `Piece` is one candidate slot; a `Plan` is all of them by section. This file knows no tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from context_manager.context.fence import shown_name
from context_manager.records import MemoryEntry, Message, Trust, Turn
from context_manager.records.hits import Explain
from context_manager.records.message import ROLE_LABELS, STUB

SECTIONS = ("pinned", "summary", "recent", "memory", "input")
"""Reading order: what changes least comes first, so that a provider's prompt cache can reuse it."""


def _unranked(place: int) -> Mapping[str, float]:
    """Of what was not ranked."""
    return {}


class Piece(NamedTuple):
    """One candidate slot of the prompt. Hundreds are made for each, so it is a plain tuple.

    Args:
        section: One of `SECTIONS`.
        text: What is shown, not yet escaped.
        order: Reading order inside the section.
        speaker: Who said it, "" for none.
        group: Heading it stands under inside its section, "" for none.
        value: What it is worth, for choosing what gets in; higher is better.
        tokens: Estimated cost without its group's heading.
        heading: Estimated cost of that heading.
        reason: Why it would be in, in words; of what was ranked, only what its stages do not tell.
        rank: Place among what was ranked, best first from 0; None for what was not.
        score: Calibrated relevance in [0, 1].
        place, explain: `explain` of `place` says what each stage of ranking added.
        cut: True where `text` is only a part of the entry's text.
        whole: That text, where it may be shown instead if there is room.
        entry_id, turn_id, kind, timestamp, trust, source_ids: As on the entry.
        message: Of a recent message, what was said; None otherwise.
        clue: A number that `text` has in common with whatever repeats it; None where nobody looked.
        part: How it is rendered behind another one of its group; "" where that is not known before.
    """

    section: str
    text: str
    order: tuple[float | int | str | tuple[float | int | str, ...], ...] = ()
    speaker: str = ""
    group: str = ""
    value: float = 0.0
    tokens: int = 0
    heading: int = 0
    reason: str = ""
    rank: int | None = None
    score: float | None = None
    place: int = 0
    explain: Explain = _unranked
    cut: bool = False
    whole: str = ""
    entry_id: str | None = None
    turn_id: str | None = None
    kind: str | None = None
    timestamp: float | None = None
    trust: Trust | None = None
    source_ids: tuple[str, ...] = ()
    message: Message | None = None
    clue: int | None = None
    part: str = ""

    def saying(self, text: str, tokens: int, reason: str = "") -> Piece:
        """The piece with another text at another cost; the reason may go on."""
        return self._replace(
            text=text, tokens=tokens, reason=self.reason + reason, clue=None, part=""
        )

    @property
    def stages(self) -> Mapping[str, float]:
        """What each stage of ranking added."""
        return self.explain(self.place)


@dataclass(frozen=True, slots=True)
class Plan:
    """All candidates by section.

    Args:
        input: The user's input.
        pinned: Always in, most important first.
        summaries: Best first.
        recent: One group of pieces per recent turn, oldest first.
        memories: Ranked candidates, best first.
        window: Place in ``recent`` where the window of turns to show begins.
    """

    input: Piece
    pinned: tuple[Piece, ...] = ()
    summaries: tuple[Piece, ...] = ()
    recent: tuple[tuple[Piece, ...], ...] = ()
    memories: tuple[Piece, ...] = ()
    window: int = 0


def input_piece(text: str) -> Piece:
    """The current input."""
    return Piece("input", text, reason="the current input is always shown", trust=Trust.USER)


def turn_pieces(turn: Turn) -> tuple[Piece, ...]:
    """The messages of a recent turn."""
    return tuple(
        _message_piece(turn, place, message) for place, message in enumerate(turn.messages)
    )


def _message_piece(turn: Turn, place: int, message: Message) -> Piece:
    return Piece(
        "recent",
        message.text,
        order=(turn.seq, place),
        speaker=shown_name(message.name, ROLE_LABELS[message.role]),
        reason="one of the most recent turns of this session",
        entry_id=message.id or None,
        turn_id=turn.id or None,
        kind="message",
        timestamp=turn.timestamp if message.timestamp is None else message.timestamp,
        cut=STUB in message.metadata,
        trust=message.trusted,
        message=message,
    )


def entry_piece(section: str, entry: MemoryEntry, reason: str, order: int = 0) -> Piece:
    """An entry shown whole without ranking: pinned, or a summary."""
    return Piece(
        section,
        entry.text,
        order=(order,),
        reason=reason,
        value=entry.importance,
        entry_id=entry.id,
        turn_id=entry.turn_id,
        kind=entry.kind,
        timestamp=entry.timestamp,
        trust=entry.trust,
        source_ids=entry.source_ids,
    )


def day(timestamp: float) -> str:
    """The date of a timestamp as shown in headings, in UTC, e.g. "8 May 2023".

    Times beyond the calendar's range are held at its ends.
    """
    held = min(max(timestamp, -62_135_596_800.0), 253_402_300_799.0)
    return _day(int(held // 86_400))


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    moment = datetime.fromtimestamp(number * 86_400, UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

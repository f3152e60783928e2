"""How remembered text, times and numbers are shown: short, in one line, harmless to a terminal.

Decides wording and cutting only; it prints nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from context_manager.records import MemoryEntry
from context_manager.records.message import Message

# Escape sequences and marks of writing direction in a remembered text could repaint or forge what
# the reader sees.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """The text without what could steer a terminal; line ends and tabs stay."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n"))


def excerpt(text: str, length: int = 160, *, around: str = "") -> str:
    """One line of at most ``length`` characters, cut between words, with marks where it is cut.

    Args:
        text: The whole text.
        length: Most characters, at least 3.
        around: Something that must stay in sight, if the text holds it.
    """
    line = " ".join(harmless(text).split())
    if len(line) <= length:
        return line
    at = line.casefold().find(" ".join(around.split()).casefold()) if around else 0
    start = max(0, min(at - (length - len(around)) // 2, len(line) - length + 2)) if at > 0 else 0
    if start:
        space = line.find(" ", start, start + 20)
        start = space + 1 if space >= 0 else start
    head = "… " if start else ""
    rest = line[start:]
    room = length - len(head)
    if len(rest) <= room:
        return head + rest
    cut = rest[: room - 2]
    space = cut.rfind(" ", max(0, len(cut) - 20))
    return f"{head}{cut[:space] if space > 0 else cut} …"


def date_time(seconds: float | None) -> str:
    """ "2024-05-07 13:56" in UTC; "" without a time."""
    return "" if seconds is None else f"{_moment(seconds):%Y-%m-%d %H:%M}"


def day(seconds: float | None) -> str:
    """ "7 May 2024" in UTC; "" without a time."""
    if seconds is None:
        return ""
    moment = _moment(seconds)
    return f"{moment.day} {moment:%b %Y}"


def month(seconds: float) -> str:
    """ "May 2024" in UTC."""
    return f"{_moment(seconds):%b %Y}"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def number(value: float) -> str:
    """A whole number with separators: 12,345."""
    return f"{value:,.0f}"


def memories(count: int) -> str:
    """ "1 memory", "2 memories"."""
    return plural(count, "memory", "memories")


def plural(count: int, noun: str, many: str = "") -> str:
    """ "1 turn", "2 turns", "1,200 memories"."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def size(count: int) -> str:
    """Bytes in the unit that fits: "812 B", "3.4 MB"."""
    amount, units = float(count), ["B", "KB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def duration(seconds: float) -> str:
    """ "0.4 ms", "12 ms", "3.1 s"."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def speaker(entry: MemoryEntry) -> str:
    """Who said it; its kind where nobody did."""
    if entry.role is None:
        return entry.name or entry.kind
    return Message(entry.role, "", entry.name).speaker

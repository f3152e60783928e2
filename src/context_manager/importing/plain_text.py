"""Transcripts: `speaker<TAB>text` or `Speaker: text`, each line with an optional time before it.

Decides how a line is cut and who is user and who is assistant. A line that begins with a space
goes on from the line before; any other line without a speaker is an error, because to guess would
be to put words into somebody's mouth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from context_manager.importing.chat_message import ROLES
from context_manager.importing.formats import LineFormat, Origin
from context_manager.importing.pairing import paired
from context_manager.importing.source import Place, Source
from context_manager.importing.times import parse_time
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message, Role

_TIME = re.compile(
    r"\[?(?P<time>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)\]?"
    r"[\s,;-]+"
)
_TABBED = re.compile(r"(?P<speaker>[^\s{\[][^\t]{0,60}?) *\t(?P<text>.*)", re.DOTALL)
_COLON = re.compile(r"(?P<speaker>[^\s:{\[][^:\t]{0,60}?) ?:(?:\s+(?P<text>.*)|$)", re.DOTALL)
_INDENT = re.compile(r" {1,4}|\t")


def _fits(head: Sequence[str]) -> bool:
    return bool(head) and not re.match(r"\s*(\{|\[(?!\d{4}-))", head[0])


def _read(source: Source, origin: Origin) -> Iterator[ImportedTurn]:
    return paired(_messages(source), origin.session_id, metadata=origin.metadata)


def _messages(source: Source) -> Iterator[Message]:
    begun: tuple[Message, list[str]] | None = None
    for number, line in source.lines():
        if begun and (not line.strip() or _INDENT.match(line)):
            begun[1].append(_INDENT.sub("", line.rstrip(), count=1))
        elif line.strip():
            if begun:
                yield from _finished(*begun)
            message = _message(line, source.at(number), number)
            begun = message, [message.text]
    if begun:
        yield from _finished(*begun)


def _finished(message: Message, lines: list[str]) -> Iterator[Message]:
    text = "\n".join(lines).strip()
    if text:
        yield Message(message.role, text, message.name, message.timestamp, message.metadata)


def _message(line: str, place: Place, number: int) -> Message:
    time, rest = _leading_time(line.strip("\ufeff\r"), place)
    found = _TABBED.fullmatch(rest) or _COLON.fullmatch(rest)
    if not found:
        raise place.error(
            'has no speaker; write "Name: text" or "Name<TAB>text", with a time such as '
            "2024-05-07 13:56 before it if you like, and indent lines that go on from the one "
            "before"
        )
    role, name = _who(found["speaker"].strip())
    return Message(role, found["text"] or "", name, time, {"line": number})


def _leading_time(line: str, place: Place) -> tuple[float | None, str]:
    found = _TIME.match(line)
    if not found:
        return None, line
    try:
        return parse_time(found["time"]), line[found.end() :]
    except ValueError as error:
        raise place.error(f"{error}; write it as 2024-05-07 13:56") from error


def _who(speaker: str) -> tuple[Role, str | None]:
    """Role and name; a word that only names the role is no name, everybody else is a user."""
    role = ROLES.get(speaker.lower())
    if role is None:
        return "user", speaker
    return role, None if speaker.lower() == role else speaker


FORMAT = LineFormat(
    "text", "plain text: Speaker: text, or speaker<TAB>text, with an optional time", _fits, _read
)

"""Chats with one JSON value per line: a message, or a whole chat.

Decides how lines become turns without holding more than one turn; how a value is read stands in
`chat_message` and `messages_json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from context_manager.importing.chat_message import read_message
from context_manager.importing.formats import LineFormat, Origin
from context_manager.importing.messages_json import SILENT, belongs_to, conversation
from context_manager.importing.pairing import opens_turn, turn_of
from context_manager.importing.source import Place, Source, parse_json
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message


def _fits(head: Sequence[str]) -> bool:
    if len(head) < 2 or head[0].strip() in ("[", "{"):
        return False
    # Either line may be the broken one that the error has to name.
    return any(_is_value(line) for line in head)


def _is_value(line: str) -> bool:
    try:
        return isinstance(json.loads(line), (dict, list))
    except (ValueError, RecursionError):
        return False


def _read(source: Source, origin: Origin) -> Iterator[ImportedTurn]:
    waiting = _Waiting(origin)
    for number, line in source.lines():
        if not line.strip():
            continue
        place = source.at(number)
        value = parse_json(line, place)
        if isinstance(value, dict) and "messages" not in value:
            yield from waiting.add(value, place, number)
        else:
            yield from waiting.flush()
            session = f"{origin.session_id}-{number}"
            yield from conversation(value, place, origin, session, line=number)
    yield from waiting.flush()


class _Waiting:
    """The messages of the turn that is not complete yet."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._named = ("", origin.session_id)
        self._said: list[Message] = []

    def add(self, value: Any, place: Place, number: int) -> Iterator[ImportedTurn]:
        message = read_message(value, place, line=number)
        if message is None:
            self._origin.skip(SILENT)
            return
        named = belongs_to(value, place, self._origin)
        if self._said and (named != self._named or opens_turn(self._said[-1], message)):
            yield from self.flush()
        self._named = named
        self._said.append(message)

    def flush(self) -> Iterator[ImportedTurn]:
        said, self._said = self._said, []
        if said:
            user, session = self._named
            yield turn_of(said, session, user, self._origin.metadata)


FORMAT = LineFormat(
    "messages-jsonl",
    'JSON lines: a message {"role", "content", "session"?, "time"?, "name"?} or a chat per line',
    _fits,
    _read,
)

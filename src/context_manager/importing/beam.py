"""BEAM: long chats of a user with an assistant, in sessions of numbered messages.

Decides how they become turns: user and assistant paired, `id` kept as metadata, the latest
`time_anchor` as time with one second between messages so that their order shows.
Source of the format: Tavakoli et al., "Beyond a Million Tokens: Benchmarking and Enhancing
Long-Term Memory in LLMs", 2025.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from context_manager.importing.chat_message import read_message, read_name
from context_manager.importing.formats import DocumentFormat, Origin
from context_manager.importing.pairing import paired
from context_manager.importing.source import Place
from context_manager.importing.times import parse_time
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message

_ANCHOR = "time_anchor"


def _fits(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and isinstance(first.get("sessions"), list)


def _read(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    if not isinstance(value, list):
        yield from _chat(value, place, 0, origin)
        return
    for index, chat in enumerate(value):
        yield from _chat(chat, place.inside(index), index, origin)


def _chat(chat: Any, place: Place, index: int, origin: Origin) -> Iterator[ImportedTurn]:
    if not isinstance(chat, dict) or not isinstance(chat.get("sessions"), list):
        raise place.error('has no list of "sessions"')
    name = f"beam_{read_name(chat, ('chat',), place) or index}"
    for number, session in enumerate(chat["sessions"], start=1):
        at = place.inside("sessions", number - 1)
        if not isinstance(session, dict) or not isinstance(session.get("messages"), list):
            raise at.error('has no list of "messages"')
        session_id = f"session_{read_name(session, ('batch',), at) or number}"
        said = _messages(session, at)
        yield from paired(said, session_id, conversation_id=name, metadata=origin.metadata)


def _messages(session: Mapping[str, Any], place: Place) -> Iterator[Message]:
    anchor, since = _anchor(session, place), 0
    for order, item in enumerate(session["messages"]):
        at = place.inside("messages", order)
        message = read_message(item, at)
        if message is None:
            continue
        given = _anchor(item, at)
        if given is not None:
            anchor, since = given, order
        time = None if anchor is None else anchor + order - since
        yield message if message.timestamp is not None else replace(message, timestamp=time)


def _anchor(value: Mapping[str, Any], place: Place) -> float | None:
    if value.get(_ANCHOR) is None:
        return None
    try:
        return parse_time(value[_ANCHOR])
    except ValueError as error:
        raise place.inside(_ANCHOR).error(
            f"{error}; write it as March-15-2024 or in ISO 8601"
        ) from error


FORMAT = DocumentFormat("beam", "BEAM: user-assistant chats in numbered messages", _fits, _read)

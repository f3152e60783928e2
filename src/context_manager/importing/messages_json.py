"""Chats as one JSON value: a list of messages, {"messages": [...]}, or a list of such objects.

Decides how these shapes become sessions; how a message is read stands in `chat_message`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from context_manager.importing.chat_message import (
    SESSION_KEYS,
    USER_KEYS,
    read_message,
    read_name,
    read_time,
)
from context_manager.importing.formats import DocumentFormat, Origin
from context_manager.importing.pairing import paired
from context_manager.importing.source import Place
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message

SILENT = "messages without a text"


def _fits(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return False
    return "role" in first or isinstance(first.get("messages"), list)


def _read(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    if isinstance(value, dict):
        yield from conversation(value, place, origin, origin.session_id)
    elif not isinstance(value, list):
        raise place.error('holds no chat; write a list of {"role": ..., "content": ...}')
    elif value and isinstance(value[0], dict) and "messages" in value[0]:
        for index, chat in enumerate(value):
            session = f"{origin.session_id}-{index + 1}"
            yield from conversation(chat, place.inside(index), origin, session)
    else:
        yield from _sessions(value, place, origin)


def conversation(
    chat: Any, place: Place, origin: Origin, session_id: str, **metadata: Any
) -> Iterator[ImportedTurn]:
    """The turns of one chat: {"messages": [...]}, a bare list of messages, or a single message.

    Args:
        chat: The value; it may name its session, its user, and a time for messages without one.
        place: Where it stands.
        origin: The file's origin.
        session_id: The session where the chat names none.
        metadata: Further metadata of every message.

    Raises:
        ImportFormatError: It is no chat.
    """
    if isinstance(chat, list):
        chat = {"messages": chat}
    elif isinstance(chat, dict) and "role" in chat:
        chat = {key: chat.get(key) for key in (*SESSION_KEYS, "user_id")} | {"messages": [chat]}
    if not isinstance(chat, dict) or not isinstance(chat.get("messages"), list):
        raise place.error('must be a chat: {"messages": [...]} or a list of messages')
    session = read_name(chat, (*SESSION_KEYS, "id"), place) or session_id
    user = read_name(chat, USER_KEYS, place)
    began = read_time(chat, place)
    items, inside = chat["messages"], place.inside("messages")
    said = _messages(items, inside, began, metadata, origin)
    yield from paired(said, session, conversation_id=user, metadata=origin.metadata)


def _messages(
    items: list[Any],
    place: Place,
    began: float | None,
    metadata: Mapping[str, Any],
    origin: Origin,
) -> Iterator[Message]:
    for index, item in enumerate(items):
        message = read_message(item, place.inside(index), **metadata)
        if message is None:
            origin.skip(SILENT)
        else:
            timed = message.timestamp is not None or began is None
            yield message if timed else replace(message, timestamp=began)


def _sessions(items: list[Any], place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    """A list of messages that may each name their session: a new name begins a new run."""
    run: list[Message] = []
    present = ("", origin.session_id)
    for index, item in enumerate(items):
        message = read_message(item, place.inside(index))
        if message is None:
            origin.skip(SILENT)
            continue
        named = belongs_to(item, place.inside(index), origin)
        if named != present:
            yield from _run(run, present, origin)
            run, present = [], named
        run.append(message)
    yield from _run(run, present, origin)


def _run(run: list[Message], named: tuple[str, str], origin: Origin) -> Iterator[ImportedTurn]:
    user, session = named
    return paired(run, session, conversation_id=user, metadata=origin.metadata)


def belongs_to(item: Mapping[str, Any], place: Place, origin: Origin) -> tuple[str, str]:
    """User and session that a message names, or those of its file."""
    session = read_name(item, SESSION_KEYS, place) or origin.session_id
    # "user" beside a role is nobody's identifier: some write the speaker there.
    return read_name(item, ("user_id",), place), session


FORMAT = DocumentFormat(
    "messages", 'JSON: a list of {"role", "content"}, or {"messages": [...]}', _fits, _read
)

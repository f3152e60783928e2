"""Which messages belong to one turn. Decides only that; knows no format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message


def paired(
    messages: Iterable[Message],
    session_id: str,
    *,
    conversation_id: str = "",
    metadata: Mapping[str, Any],
) -> Iterator[ImportedTurn]:
    """Turns of one session, in order: a user's message with the answers that follow it.

    Two messages of the user in a row are two turns, and so are two answers in a row; calls of
    tools and their results stay with the answer. Between people who all are users each message
    is a turn of its own.
    """
    said: list[Message] = []
    for message in messages:
        if said and opens_turn(said[-1], message):
            yield turn_of(said, session_id, conversation_id, metadata)
            said = []
        said.append(message)
    if said:
        yield turn_of(said, session_id, conversation_id, metadata)


def opens_turn(last: Message, message: Message) -> bool:
    """Whether ``message`` opens a new turn after ``last``."""
    if message.role in ("user", "system"):
        return True
    return message.role == "assistant" and last.role in ("assistant", "system")


def turn_of(
    messages: Iterable[Message], session_id: str, conversation_id: str, metadata: Mapping[str, Any]
) -> ImportedTurn:
    """The turn made of these messages; it began when the first message with a time was said."""
    said = tuple(messages)
    times = (message.timestamp for message in said if message.timestamp is not None)
    return ImportedTurn(session_id, said, next(times, None), metadata, conversation_id)

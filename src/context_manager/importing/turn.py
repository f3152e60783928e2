"""What every importer yields: one turn of one session, with the time and the names of its source.

This file decides the shape and how several conversations become one user's. It knows no file
format and no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from context_manager.records import Message


@dataclass(frozen=True, slots=True)
class ImportedTurn:
    """One turn read from a file.

    Args:
        session_id: The session it belongs to; turns of a session come in their order.
        messages: Its utterances, at least one.
        timestamp: When it began, seconds since 1970 (UTC); None where the file does not say.
        metadata: Where it comes from: ``source`` (name of the file) and ``format``.
        conversation_id: Whose memory it is, where the file holds chats of several people;
            "" where it does not say.
        note: Whether nobody said it: its one message is a memory by itself.
    """

    session_id: str
    messages: tuple[Message, ...]
    timestamp: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    conversation_id: str = ""
    note: bool = False


def as_one_user(turns: Iterable[ImportedTurn]) -> Iterator[ImportedTurn]:
    """The same turns as the memory of one user.

    The conversation becomes part of the session's name (``conv-1/session_1``), so that sessions
    of different conversations never run into each other.
    """
    for turn in turns:
        if turn.conversation_id:
            session = f"{turn.conversation_id}/{turn.session_id}"
            turn = replace(turn, session_id=session, conversation_id="")
        yield turn

"""Routes about conversations: prompts, turns, sessions. Decides how calls become answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.records import Message, limited
from context_manager.service.models.conversation_answers import (
    ContextResponse,
    SessionsResponse,
    TurnOut,
    TurnPage,
)

if TYPE_CHECKING:
    from context_manager.service.calls import Call


def context(call: Call) -> ContextResponse:
    """The finished prompt for an input, with the account of it."""
    asked = call.given
    built = call.memory.build(asked.input, budget=asked.budget, now=asked.now)
    return ContextResponse.of(built, asked.explain)


def observe(call: Call) -> TurnOut:
    """Remember one exchange; when the answer comes, it is as durable as the store promises."""
    given = call.given
    messages = [
        Message(said.role, said.content, said.name, said.timestamp) for said in given.messages
    ]
    turn = call.memory.observe_messages(
        limited(messages, call.trust),
        metadata=given.metadata,
        timestamp=given.timestamp,
        priority=given.priority,
    )
    return TurnOut.of(turn)


def turns(call: Call) -> TurnPage:
    """Turns of the session, in order."""
    page = call.given
    memory = call.memory
    if page.last is not None:
        newest = memory.archive.store.turns(memory.scope, last=page.last)
        return TurnPage(items=[TurnOut.of(turn) for turn in newest], next=None)
    end = page.after + 1 + page.limit
    found = memory.archive.store.turns(memory.scope, after=page.after, before=end)
    last = memory.archive.store.turns(memory.scope, last=1)
    more = bool(last) and last[-1].seq >= end
    return TurnPage(items=[TurnOut.of(turn) for turn in found], next=end - 1 if more else None)


def sessions(call: Call) -> SessionsResponse:
    """Sessions of the user that hold a turn."""
    memory = call.memory
    found = memory.archive.store.sessions(memory.scope.partition)
    return SessionsResponse(items=[scope.session_id for scope in found])

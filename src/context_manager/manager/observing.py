"""The write path: make a turn, journal it, take it into the working set.

Decides the order of these steps: a turn is durable before anything else may see it. What leaves
the working set is handed to `consolidating`. No LLM call and no embedding happens here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from context_manager.errors import InputError
from context_manager.manager import consolidating, learning
from context_manager.manager.checking import checked_metadata, checked_time
from context_manager.manager.hearing import heard, values_without_secrets
from context_manager.manager.hooks import Watch
from context_manager.manager.session import Session
from context_manager.manager.working_sets import in_step
from context_manager.memory.drafting import new_id
from context_manager.records import Message, Scope, Turn
from context_manager.records.message import joined
from context_manager.records.number import is_finite
from context_manager.store.protocol import Change

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

_log = logging.getLogger(__name__)


HANDED_BACK = 100
"""Recent turns that are recognised where a list of messages begins with them."""


@dataclass(frozen=True, slots=True)
class TurnInput:
    """One turn for `observe_batch`.

    Args:
        messages: What was said.
        session_id: In which session; the manager's own when None.
        timestamp: Seconds since 1970; now when None.
        metadata: JSON-ready values to keep with it.
        priority: 1.0 is neutral.
    """

    messages: tuple[Message, ...]
    session_id: str | None = None
    timestamp: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    priority: float = 1.0


def exchange(user_input: str, assistant_response: str) -> tuple[Message, ...]:
    """The messages of one exchange; an empty text gives none."""
    user = (Message("user", user_input),) if user_input else ()
    assistant = (Message("assistant", assistant_response),) if assistant_response else ()
    return user + assistant


def _checked(message: Message) -> Message:
    if not message.metadata:
        return message
    return replace(message, metadata=checked_metadata(message.metadata))


def observe(
    cm: ContextManager,
    messages: Sequence[Message],
    metadata: Mapping[str, Any] | None,
    timestamp: float | None,
    priority: float,
) -> Turn:
    """Remember one turn; see `ContextManager.observe`."""
    with cm.hooks.watch("observe", cm.scope) as watch:
        cm.require_user()
        given = TurnInput(tuple(messages), None, timestamp, metadata or {}, priority)
        whole_list = len(given.messages) > 2  # perhaps with the session's last messages
        session = session_of(cm, cm.scope, journal=whole_list or cm.config.facts != "off")
        turn = made(cm, given, _last_said(session) if whole_list else ())
        with session.lock:
            turn = _journalled(cm, session, turn, watch)
        consolidating.consolidate_if_due(cm, session, turn.id)
        watch.lap("consolidate")
        report(watch, [turn])
        watch.note(
            stm_turns=len(session.memory),
            stm_tokens=session.memory.current_tokens,
            stm_capacity=session.memory.max_tokens,
        )
    cm.embed_later()
    return turn


def _journalled(
    cm: ContextManager, session: Session, turn: Turn, watch: Watch, held: Turn | None = None
) -> Turn:
    """Make a turn durable, then take it into the working set, in the place of ``held`` if given."""
    draft = cm.archive.drafter.turn(cm.scope, turn)
    watch.lap("draft")
    found = learning.heard(cm, [draft], session.memory.get_recent_turns(1))
    applied = learning.apply(cm, Change(turns=(draft,)), found)
    turn = replace(turn, seq=applied.seqs[0])
    if held is not None:
        session.memory.exchange(held, cm.engine.at_hand(turn))
    session.append(turn, applied.version)
    watch.lap("store")
    return turn


def _adopt(cm: ContextManager, session: Session) -> None:
    """Journal the turns that were put into the working set itself, without observing them."""
    with session.lock:
        for held in session.memory.unwritten:
            try:
                with cm.hooks.watch("observe", cm.scope) as watch:
                    given = TurnInput(
                        held.messages, None, held.timestamp, held.metadata, held.priority
                    )
                    _journalled(cm, session, made(cm, given), watch, held)
            except InputError as error:
                _log.warning("a turn put in by hand is refused with %s", type(error).__name__)


def report(watch: Watch, turns: Sequence[Turn]) -> None:
    """Tell the hooks about turns that were stored."""
    watch.note(
        turns=len(turns),
        messages=sum(len(turn.messages) for turn in turns),
        tokens=sum(turn.token_count for turn in turns),
        chars=sum(len(message.text) for turn in turns for message in turn.messages),
    )
    watch.show(text="\n".join(turn.text for turn in turns))


def made(cm: ContextManager, given: TurnInput, before: Sequence[Message] = ()) -> Turn:
    """The turn with its id, tokens and time, not stored yet; without what says nothing.

    Args:
        cm: The manager.
        given: What was said.
        before: The last messages of its session.

    Raises:
        InputError: No message with a text, or a value that cannot be stored.
    """
    said = [_checked(message) for message in given.messages if message.text.strip()]
    if not said:
        raise InputError("a turn needs at least one message with a text; got none")
    if not is_finite(given.priority):
        raise InputError(f"priority must be a finite number, got {given.priority!r:.100}")
    moment = cm.clock() if given.timestamp is None else checked_time(given.timestamp)
    turn_id = new_id("turn")
    messages = tuple(
        replace(message, id=f"{turn_id}.{place}")
        for place, message in enumerate(heard(cm, said, before))
    )
    return Turn.of(
        messages,
        cm.count(joined(messages)),
        moment,
        id=turn_id,
        metadata=values_without_secrets(cm, checked_metadata(given.metadata)),
        priority=float(given.priority),
    )


def _last_said(session: Session) -> list[Message]:
    turns = session.memory.get_recent_turns(HANDED_BACK)
    return [message for turn in turns for message in turn.messages]


def session_of(cm: ContextManager, scope: Scope, *, journal: bool = True) -> Session:
    """The working set of a session, in step with the journal and the settings.

    Args:
        cm: A manager of that session.
        scope: Which session.
        journal: Whether what happened elsewhere matters already.
    """
    session = in_step(cm, scope, journal=journal)
    session.memory.journal = lambda turn: observe(
        cm, turn.messages, turn.metadata, turn.timestamp, turn.priority
    )
    if session.memory.unwritten:
        _adopt(cm, session)
    return session

"""The write path: make a turn, journal it, take it into the working set.

Decides the order of these steps: a turn is durable before anything else may see it. What leaves
the working set is handed to `consolidating`. No LLM call and no embedding happens here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from context_manager.errors import InputError
from context_manager.manager import consolidating
from context_manager.manager.hearing import heard
from context_manager.manager.session import Session
from context_manager.memory.drafting import new_id
from context_manager.records import Message, Scope, Turn
from context_manager.store.protocol import Change, TurnDraft

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

GROUP = 200
"""Turns written in one transaction by `observe_batch`."""


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


def as_message(given: Message | Mapping[str, Any]) -> Message:
    """A message record from a record or a provider's dict.

    Raises:
        InputError: Role or content are missing or of the wrong type.
    """
    if isinstance(given, Message):
        return given
    missing = [key for key in ("role", "content") if not isinstance(given.get(key), str)]
    if missing:
        raise InputError(f"a message needs the texts 'role' and 'content'; wrong: {missing}")
    stamp = given.get("timestamp")
    return Message(
        given["role"],
        given["content"],
        name=given.get("name"),
        timestamp=None if stamp is None else checked_time(stamp),
    )


def checked_time(value: object) -> float:
    """A timestamp as float.

    Raises:
        InputError: Not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"a timestamp must be a finite number of seconds, got {value!r}")
    return float(value)


def checked_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Metadata as a plain dict.

    Raises:
        InputError: It cannot be written as JSON.
    """
    if metadata is None:
        return {}
    try:
        plain = json.loads(json.dumps(dict(metadata), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"metadata must be JSON-ready: {error}") from error
    return dict(plain)


def observe(
    cm: ContextManager,
    messages: Sequence[Message],
    metadata: Mapping[str, Any] | None,
    timestamp: float | None,
    priority: float,
) -> Turn:
    """Remember one turn; see `ContextManager.observe`."""
    given = TurnInput(tuple(messages), None, timestamp, checked_metadata(metadata), priority)
    turn = _made(cm, given)
    session = _session(cm, cm.scope)
    with session.lock:
        draft = cm.archive.drafter.turn(cm.scope, turn)
        applied = cm.archive.apply(cm.scope.partition, Change(turns=(draft,)))
        turn = replace(turn, seq=applied.seqs[0])
        session.append(turn)
    consolidating.consolidate_if_due(cm, session)
    cm.embed_later()
    return turn


def observe_batch(
    cm: ContextManager, turns: Iterable[TurnInput], progress: Callable[[int], None] | None
) -> list[Turn]:
    """Remember many turns; see `ContextManager.observe_batch`."""
    made = [(_scope(cm, given), _made(cm, given)) for given in turns]
    done: list[Turn] = []
    for start in range(0, len(made), GROUP):
        done += _write_group(cm, made[start : start + GROUP])
        if progress is not None:
            progress(len(done))
    for scope in dict.fromkeys(scope for scope, _ in made):
        consolidating.consolidate_if_due(
            cm.scoped(session_id=scope.session_id), _session(cm, scope)
        )
    cm.embed_later()
    return done


def _write_group(cm: ContextManager, group: Sequence[tuple[Scope, Turn]]) -> list[Turn]:
    drafts: list[TurnDraft] = [cm.archive.drafter.turn(scope, turn) for scope, turn in group]
    applied = cm.archive.apply(cm.scope.partition, Change(turns=tuple(drafts)))
    return [replace(turn, seq=seq) for (_, turn), seq in zip(group, applied.seqs, strict=True)]


def _made(cm: ContextManager, given: TurnInput) -> Turn:
    """The turn with its id, tokens and time, not stored yet."""
    if not any(message.text.strip() for message in given.messages):
        raise InputError("a turn needs at least one message with a text; got none")
    if not math.isfinite(given.priority):
        raise InputError(f"priority must be a finite number, got {given.priority!r}")
    moment = cm.clock() if given.timestamp is None else checked_time(given.timestamp)
    turn_id = new_id("turn")
    messages = tuple(
        replace(message, id=f"{turn_id}.{place}")
        for place, message in enumerate(heard(cm, given.messages))
    )
    turn = replace(
        Turn.of(messages, 0, moment),
        id=turn_id,
        metadata=given.metadata,
        priority=float(given.priority),
    )
    return replace(turn, token_count=cm.count(turn.text))


def _scope(cm: ContextManager, given: TurnInput) -> Scope:
    return cm.scope.narrowed(session_id=given.session_id)


def _session(cm: ContextManager, scope: Scope) -> Session:
    session = cm.engine.session(scope, cm.new_working_set)
    session.follow()
    return session

"""Going back in a session: another one that begins like it, or the same without its end.

Decides what a branch holds: the same turns up to a point, as derived from the first ones, so that
what is forgotten there is gone here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Self, cast

from context_manager.errors import InputError, NotFoundError
from context_manager.memory.drafting import new_id
from context_manager.records import Receipt, Turn
from context_manager.store.protocol import Change, EntryFilter, EntryUpdate, TurnDraft

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

GROUP = 200
"""Turns written in one transaction."""


class BranchFace:
    """What a `ContextManager` says about going back in its session.

    Example:
        >>> from context_manager import ContextManager
        >>> cm = ContextManager()
        >>> first = cm.observe("Draft a poem about rain.", "Rain on the roof ...")
        >>> _ = cm.observe("Shorter.", "Rain.")
        >>> other = cm.branch("poem-2", after=first.id)
        >>> _ = other.observe("Make it rhyme.", "Rain, again, on the windowpane.")
        >>> [turn.user_input for turn in other.short_term_memory.turns]
        ['Draft a poem about rain.', 'Make it rhyme.']
    """

    def branch(self, session_id: str, *, after: str | None = None) -> Self:
        """A manager for a new session that begins with the turns of this one.

        The turns are shared in time and text, not in identity: each session goes on by itself,
        and forgetting a message here forgets it there.

        Args:
            session_id: Of the new session.
            after: Id of the last turn to take over; the newest when left out.

        Raises:
            InputError: The session has turns already.
            NotFoundError: This session has no such turn.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        taken, _ = _divided(cm, after)
        other = cm.scoped(session_id=session_id)
        if cm.archive.store.turns(other.scope, last=1):
            raise InputError(f"session {session_id!r} has turns already; name a new one")
        for start in range(0, len(taken), GROUP):
            drafts = tuple(_copy(other, turn) for turn in taken[start : start + GROUP])
            cm.archive.apply(cm.scope.partition, Change(turns=drafts))
        cm.embed_later()
        return cast(Self, other)

    def rewind(self, after: str | None = None) -> Receipt:
        """Forget this session's turns after one, so that it goes on from there.

        What follows from it goes as with `forget`. What a branch has taken over stays there, so
        `branch` first keeps all of it in another session.

        Args:
            after: Id of the last turn to keep; all turns of the session go when left out.

        Raises:
            NotFoundError: This session has no such turn.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        turns = cm.archive.store.turns(cm.scope)
        gone = turns if after is None else _divided(cm, after)[1]
        messages = [message.id for turn in gone for message in turn.messages]
        _let_stand(cm, messages)
        return cm.forget(messages)


def _divided(cm: ContextManager, after: str | None) -> tuple[Sequence[Turn], Sequence[Turn]]:
    """The session's turns up to the named one, and those that follow."""
    turns = cm.archive.store.turns(cm.scope)
    if after is None:
        return turns, ()
    for place, turn in enumerate(turns, start=1):
        if turn.id == after:
            return turns[:place], turns[place:]
    raise NotFoundError(f"no turn {after!r} in session {cm.scope.session_id!r}")


def _copy(cm: ContextManager, turn: Turn) -> TurnDraft:
    identifier = new_id("turn")
    messages = tuple(
        replace(message, id=f"{identifier}.{place}") for place, message in enumerate(turn.messages)
    )
    draft = cm.archive.drafter.turn(cm.scope, replace(turn, id=identifier, messages=messages))
    entries = tuple(
        replace(item, entry=replace(item.entry, source_ids=(message.id,)))
        for item, message in zip(draft.entries, turn.messages, strict=True)
    )
    return replace(draft, entries=entries)


def _let_stand(cm: ContextManager, messages: Sequence[str]) -> None:
    """Let copies in branches stand by themselves."""
    store, partition = cm.archive.store, cm.scope.partition
    updates = tuple(
        EntryUpdate(copy.id, {"source_ids": ()})
        for message in messages
        for _, copy in store.find(partition, EntryFilter(kinds=("message",), source_id=message))
    )
    if updates:
        cm.archive.apply(partition, Change(updates=updates))

"""Many calls in one: results in the order of the input, whatever fails by itself.

Decides what a batch does with its items. Reading embeds all inputs of a portion in one call;
writing stores a portion in one transaction and embeds it in one call. How a batch is divided and
what becomes of failures stands in `outcomes.py`, what is done with one item in the modules beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from context_manager.errors import InputError
from context_manager.manager import consolidating, ingesting, learning, observing
from context_manager.manager.ingesting import NoteInput
from context_manager.manager.observing import TurnInput
from context_manager.manager.outcomes import (
    Outcomes,
    Progress,
    call_each,
    portions,
    write,
)
from context_manager.records import Context, Scope, Turn
from context_manager.store.protocol import Change, EntryDraft, TurnDraft, Version

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

T = TypeVar("T")

Noted: TypeAlias = str | tuple[str, Mapping[str, Any] | None] | NoteInput
Said: TypeAlias = tuple[str, str] | TurnInput


class BatchFace:
    """The batch methods of a `ContextManager`."""

    max_workers: int = 2
    """Items of a batch that are worked on at once."""

    def build_context_batch(
        self,
        user_inputs: Iterable[str],
        *,
        progress: Progress | None = None,
        return_exceptions: bool = False,
    ) -> list[str]:
        """The finished prompt for each input, in order; see `ContextManager.build_context`.

        Args:
            user_inputs: What is said; each gets a prompt of its own.
            progress: Is told how many are done.
            return_exceptions: Return errors in their items' places instead of raising.

        Raises:
            BatchError: Some failed; it holds the prompts of the others.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        done = _read(cm, cm.build_context, user_inputs, progress)
        return done.settled(return_exceptions)

    def build_batch(
        self,
        user_inputs: Iterable[str],
        *,
        budget: int | None = None,
        now: float | None = None,
        progress: Progress | None = None,
        return_exceptions: bool = False,
    ) -> list[Context]:
        """Like `build_context_batch`, with the account of each prompt; see `ContextManager.build`.

        Raises:
            BatchError: Some failed; it holds the contexts of the others.
        """
        cm = cast("ContextManager", self)
        cm.require_user()

        def build(user_input: str) -> Context:
            return cm.build(user_input, budget=budget, now=now)

        return _read(cm, build, user_inputs, progress).settled(return_exceptions)

    def query_memory_batch(
        self,
        queries: Iterable[str],
        k: int = 5,
        *,
        progress: Progress | None = None,
        return_exceptions: bool = False,
    ) -> list[list[tuple[str, float]]]:
        """The ``k`` best memories for each query, in order; see `ContextManager.query_memory`.

        Raises:
            BatchError: Some failed; it holds the results of the others.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        done = _read(cm, lambda query: cm.query_memory(query, k), queries, progress)
        return done.settled(return_exceptions)

    def add_memory_batch(
        self,
        memories: Iterable[Noted],
        *,
        progress: Progress | None = None,
        return_exceptions: bool = False,
    ) -> list[str]:
        """Remember many texts that nobody said; see `ContextManager.add_memory`.

        A portion is stored in one transaction, then embedded in one call; if that fails, it is
        embedded at the next need. A subclass's own `add_memory` is called for each item.

        Args:
            memories: Texts, pairs of a text and its metadata, or `NoteInput` records.
            progress: Is told how many are done.
            return_exceptions: Return errors in their items' places instead of raising.

        Returns:
            The id of each, in order.

        Raises:
            BatchError: Some failed; it holds the ids of the others, which are stored.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        done: Outcomes[str] = Outcomes()
        foreign = getattr(cm.long_term_memory, "archive", None) is not cm.archive
        add = _add_each if foreign or _is_own(cm, "add_memory") else _add_together
        for portion in portions(memories):
            add(cm, portion, done)
            cm.embed_now()
            done.tell(progress)
        return done.settled(return_exceptions)

    def observe_batch(
        self,
        turns: Iterable[Said],
        *,
        progress: Progress | None = None,
        return_exceptions: bool = False,
    ) -> list[Turn]:
        """Remember many turns, of any sessions of this user; see `ContextManager.observe`.

        A portion is stored in one transaction, then embedded in one call; if that fails, it is
        embedded at the next need. A subclass's own `observe` is called for each pair.

        Args:
            turns: In the order in which they were said: pairs of what the user and the assistant
                said, or `TurnInput` records.
            progress: Is told how many are done.
            return_exceptions: Return errors in their items' places instead of raising.

        Raises:
            BatchError: Some failed; it holds the turns of the others, which are stored.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        done: Outcomes[Turn] = Outcomes()
        observe = _observe_each if _is_own(cm, "observe") else _observe_together
        for portion in portions(turns):
            observe(cm, portion, done)
            cm.embed_now()
            done.tell(progress)
        return done.settled(return_exceptions)


def _read(
    cm: ContextManager,
    function: Callable[[str], T],
    texts: Iterable[str],
    progress: Progress | None,
) -> Outcomes[T]:
    """Call a function that reads for each text, a few at once, all texts embedded beforehand."""
    done: Outcomes[T] = Outcomes()
    for portion in portions(texts):
        said = [text for text in portion if isinstance(text, str)]
        cm.archive.embed_ahead(cm.scope.partition, said, cm.config.embedding.deadline)
        call_each(function, portion, max(1, cm.max_workers), done, progress)
    return done


def _noted(item: Noted) -> NoteInput:
    match item:
        case NoteInput():
            return item
        case str():
            return NoteInput(item)
        case (str() as text, metadata):
            return NoteInput(text, metadata)
    raise InputError(
        f"a memory is a text, a pair (text, metadata) or a NoteInput, not {type(item).__name__}"
    )


def _add_each(cm: ContextManager, portion: Sequence[Noted], done: Outcomes[str]) -> None:
    """Through `add_memory`: a subclass's own, or one that hands notes to a foreign memory."""

    def add(items: Sequence[NoteInput]) -> list[str]:
        return [cm.add_memory(item.text, item.metadata, **_beyond_text(item)) for item in items]

    for item in portion:
        write([item], _noted, add, done)


def _beyond_text(note: NoteInput) -> dict[str, Any]:
    """What a note says beyond its text and metadata; a subclass may take only these two."""
    plain = NoteInput("")
    names = ("kind", "timestamp", "importance", "trust", "expires_at")
    given = {name: getattr(note, name) for name in names}
    return {name: value for name, value in given.items() if value != getattr(plain, name)}


def _add_together(cm: ContextManager, portion: Sequence[Noted], done: Outcomes[str]) -> None:
    def prepare(item: Noted) -> EntryDraft:
        return cm.archive.drafter.entry(ingesting.made(cm, _noted(item)))

    def commit(drafts: Sequence[EntryDraft]) -> list[str]:
        with cm.hooks.watch("add", cm.scope) as watch:
            cm.archive.apply(cm.scope.partition, Change(entries=tuple(drafts)))
            ingesting.report(watch, [draft.entry for draft in drafts])
        return [draft.entry.id for draft in drafts]

    write(portion, prepare, commit, done)


def _said(item: Said) -> TurnInput:
    if isinstance(item, TurnInput):
        return item
    return TurnInput(observing.exchange(*_pair(item)))


def _pair(item: object) -> tuple[str, str]:
    match item:
        case (str() as user, str() as assistant):
            return user, assistant
    raise InputError(
        "a turn is a pair (user_input, assistant_response) or a TurnInput, not "
        f"{type(item).__name__}"
    )


def _observe_each(cm: ContextManager, portion: Sequence[Said], done: Outcomes[Turn]) -> None:
    """Pairs through a subclass's own `observe`; what it was not made for, as always."""

    def observe(items: Sequence[tuple[str, str]]) -> list[Turn]:
        return [cm.observe(user, assistant) for user, assistant in items]

    for item in portion:
        if isinstance(item, tuple):
            write([item], _pair, observe, done)
        else:
            _observe_together(cm, [item], done)


def _observe_together(cm: ContextManager, portion: Sequence[Said], done: Outcomes[Turn]) -> None:
    stored: dict[Scope, list[tuple[Turn, Version]]] = {}

    @cache
    def scope_of(session_id: str | None) -> Scope:
        return cm.scope.narrowed(session_id=session_id)

    def prepare(item: Said) -> TurnDraft:
        given = _said(item)
        return cm.archive.drafter.turn(scope_of(given.session_id), observing.made(cm, given))

    def commit(drafts: Sequence[TurnDraft]) -> list[Turn]:
        with cm.hooks.watch("observe", cm.scope) as watch:
            found = learning.heard(cm, drafts, ())
            applied = learning.apply(cm, Change(turns=tuple(drafts)), found)
            seqs = zip(drafts, applied.seqs, strict=True)
            turns = [replace(draft.turn, seq=seq) for draft, seq in seqs]
            observing.report(watch, turns)
        for draft, turn in zip(drafts, turns, strict=True):
            stored.setdefault(draft.scope, []).append((turn, applied.version))
        return turns

    write(portion, prepare, commit, done)
    for scope, turns in stored.items():
        there = cm.scoped(session_id=scope.session_id)
        session = observing.session_of(there, scope, journal=False)
        for turn, version in turns:
            session.append(turn, version)
        consolidating.consolidate_if_due(there, session, turns[-1][0].id)


def _is_own(cm: ContextManager, method: str) -> bool:
    """Whether a subclass has a method of its own in place of ours."""
    from context_manager.manager.manager import ContextManager

    return getattr(type(cm), method) is not getattr(ContextManager, method)

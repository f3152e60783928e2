"""Turns that left the working set become summaries; their sources stay verbatim and searchable.

Decides when a chunk is due and in which order the steps happen: ask the summarizer, and a model
for facts where that is wanted, outside any lock or transaction; then in one transaction store what
came of it and mark the turns. A failure before that transaction changes nothing, and the store
refuses what is made of sources that were forgotten or summarised by another process meanwhile.
Without a model, and without much to read, this runs at once; otherwise in the background, or it is
left to workers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from context_manager.errors import ConflictError
from context_manager.manager import delegating, gathering, guarding, learning
from context_manager.manager.checking import checked_metadata
from context_manager.manager.hearing import QUARANTINED
from context_manager.manager.session import Session
from context_manager.memory.drafting import new_id
from context_manager.memory.summarizer import HierarchicalSummarizer
from context_manager.memory.summary import MADE_AFTER, Summary, derived_trust
from context_manager.records import MemoryEntry, Turn
from context_manager.store.protocol import Change, EntryFilter, EntryUpdate

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

_log = logging.getLogger(__name__)

MERGE = 4
"""Chunk summaries of a session that are merged into one session summary."""


LONG = 20_000
"""Tokens that are summarised in the background even without a model: more would be waited for."""


def consolidate_if_due(cm: ContextManager, session: Session, turn_id: str = "") -> None:
    """Summarise what has left the working set, once there is a chunk of it.

    Args:
        cm: Of the session's scope.
        session: Whose working set.
        turn_id: The turn that set it off, for the ledger of spending.
    """
    waiting = session.memory.fallen_tokens
    if waiting < cm.config.memory.chunk_size:
        return
    queue = delegating.queue_of(cm)
    if queue is not None:
        delegating.leave_consolidation(cm, queue, session)
    elif guarding.asks_a_model(cm) or waiting > LONG:
        cm.engine.background.submit(
            ("consolidate", cm.scope), lambda: consolidate(cm, session, turn_id)
        )
    else:
        consolidate(cm, session, turn_id)


def consolidate(cm: ContextManager, session: Session, turn_id: str = "") -> None:
    """Summarise chunk after chunk while enough has left the working set."""
    with cm.hooks.watch("consolidate", cm.scope) as watch:
        watch.note(summaries=_consolidate(cm, session, turn_id))


def _consolidate(cm: ContextManager, session: Session, turn_id: str) -> int:
    """Do it; how many chunks were summarised."""
    size = cm.config.memory.chunk_size
    summaries = 0
    try:
        with guarding.charged(cm, turn_id):
            while session.memory.fallen_tokens >= size:
                if not _consolidate_chunk(cm, session, size):
                    return summaries
                summaries += 1
            _merge(cm, session)
    except ConflictError:
        session.reload()  # what is open now is summarised next time
    return summaries


def _consolidate_chunk(cm: ContextManager, session: Session, size: int) -> bool:
    chunk, _ = session.memory.get_chunk_for_summarization(size)
    done = False
    try:
        done = _store_chunk(cm, chunk, session.last_seq)
    finally:
        if not done:
            session.memory.hand_back(chunk)
    if done:
        session.memory.mark_consolidated(chunk)
    return done


def _store_chunk(cm: ContextManager, chunk: Sequence[Turn], last: int) -> bool:
    """Store what a chunk becomes and mark its turns; False if there is no usable summary."""
    entries: tuple[MemoryEntry, ...] = ()
    stored = tuple(turn.id for turn in chunk if turn.id)
    chunk = _without_quarantined(chunk)
    sources = _stored_messages(cm, chunk)
    if chunk and cm.config.memory.summaries:
        summary = _summarised(cm, "summarize", "summarize_chunk", list(chunk))
        if summary is None:
            return False
        entries = (_chunk_entry(cm, chunk, summary, sources, last),)
    change = Change(
        entries=tuple(map(cm.archive.drafter.entry, entries)),
        consolidated=stored,
        expect_entries=tuple(e.id for e in sources if e.superseded_by is None),
        expect_turns=stored,
    )
    learning.apply(cm, change, learning.asked(cm, chunk, sources))
    return True


def _without_quarantined(chunk: Sequence[Turn]) -> list[Turn]:
    """The turns without messages that are kept out of prompts, and so out of summaries."""
    return [
        replace(turn, messages=kept)
        for turn in chunk
        if (kept := tuple(m for m in turn.messages if QUARANTINED not in m.metadata))
    ]


def _chunk_entry(
    cm: ContextManager,
    chunk: Sequence[Turn],
    summary: Summary,
    sources: Sequence[MemoryEntry],
    last: int,
) -> MemoryEntry:
    return MemoryEntry(
        id=new_id("sum"),
        text=summary.text,
        metadata={**_about(cm, chunk, summary), "level": "chunk", **_made_by(summary, last)},
        timestamp=chunk[-1].timestamp,
        kind="summary",
        scope=cm.scope,
        trust=min((source.trust for source in sources), default=derived_trust(chunk)),
        source_ids=tuple(source.id for source in sources),
    )


def _about(cm: ContextManager, chunk: Sequence[Turn], summary: Summary) -> dict[str, Any]:
    """What the summarizer says of a summary; nothing where that cannot be stored."""
    try:
        return checked_metadata(cm.summarizer.create_summary_metadata(list(chunk), summary.text))
    except Exception as error:  # noqa: BLE001 - a summarizer of the user's own, called as a hook
        _log.warning("the summarizer's metadata failed with %s", type(error).__name__)
        return {}


def _stored_messages(cm: ContextManager, chunk: Sequence[Turn]) -> list[MemoryEntry]:
    """The entries of a chunk's messages.

    Raises:
        ConflictError: Some were forgotten since the chunk was taken.
    """
    ids = [message.id for turn in chunk for message in turn.messages if message.id]
    found = cm.archive.store.entries(cm.scope.partition, ids)
    if len(found) < len(ids):
        raise ConflictError("a turn of this chunk was forgotten meanwhile")
    return found


def _merge(cm: ContextManager, session: Session) -> None:
    """Merge the chunk summaries of the session into one session summary when there are enough."""
    where = EntryFilter(kinds=("summary",), session_id=cm.scope.session_id)
    found = [entry for _, entry in cm.archive.store.find(cm.scope.partition, where)]
    current = [
        entry
        for entry in found
        if entry.superseded_by is None and entry.metadata.get("level") != gathering.TOPIC
    ]
    chunks = [entry for entry in current if entry.metadata.get("level") == "chunk"]
    if len(chunks) < MERGE:
        return
    summary = merged(cm, current)
    if summary is None:
        return
    entry = MemoryEntry(
        id=new_id("sum"),
        text=summary.text,
        metadata={
            "level": "session",
            "type": "session_summary",
            **_made_by(summary, session.last_seq),
        },
        timestamp=current[-1].timestamp,
        kind="summary",
        scope=cm.scope,
        trust=min(entry.trust for entry in current),
        source_ids=tuple(entry.id for entry in current),
    )
    change = Change(
        entries=(cm.archive.drafter.entry(entry),),
        updates=tuple(EntryUpdate(e.id, {"superseded_by": entry.id}) for e in current),
        expect_entries=tuple(entry.id for entry in current),
    )
    cm.archive.apply(cm.scope.partition, change)
    gathering.gather_later(cm, merged)


def merged(cm: ContextManager, summaries: Sequence[MemoryEntry]) -> Summary | None:
    """One summary of several, None if the summarizer gave none."""
    return _summarised(cm, "merge", "summarize_hierarchically", [entry.text for entry in summaries])


def _summarised(cm: ContextManager, ours: str, theirs: str, given: list[Any]) -> Summary | None:
    """What the summarizer makes of something; None for nothing usable.

    Args:
        cm: The manager.
        ours: Method of our own summarizers, which says how a summary came about.
        theirs: Method that any summarizer has, for one of another kind.
        given: Its argument.
    """
    summarizer = cm.summarizer
    if isinstance(summarizer, HierarchicalSummarizer):
        model = guarding.model_for_summaries(cm)
        answer = None if model is None else guarding.guarded(cm, model).answer_sync
        summary: Summary = getattr(summarizer, ours)(given, answer)
    else:
        summary = _by_another(getattr(summarizer, theirs), given)
    if guarding.asks_a_model(cm):
        reason = summary.reason if summary.degraded else ""
        cm.engine.note_trouble(cm.scope.partition, guarding.SUMMARIES, reason)
    return summary if summary.text.strip() else None


def _by_another(method: Callable[[list[Any]], Any], given: list[Any]) -> Summary:
    """What a summarizer that is none of ours gives; no text where it fails."""
    try:
        text = method(given)
    except Exception as error:  # noqa: BLE001 - a summarizer of the user's own, called as a hook
        _log.warning("the summarizer failed with %s", type(error).__name__)
        return Summary("", "custom", degraded=True, reason=type(error).__name__)
    return Summary(text if isinstance(text, str) else "", "custom")


def _made_by(summary: Summary, last: int) -> dict[str, str | int]:
    """How a summary came about and when, for its metadata."""
    told = {"method": summary.method, "model": summary.model, "degraded": summary.reason}
    return {**{name: value for name, value in told.items() if value}, MADE_AFTER: last}

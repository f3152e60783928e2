"""Turns that left the working set become summaries; their sources stay verbatim and searchable.

Decides when a chunk is due and in which order the steps happen: summarise outside any lock or
transaction, then in one transaction store the summary with its sources and mark the turns. A
failure before that transaction changes nothing, and the store refuses a summary one of whose
sources was forgotten or summarised by another process meanwhile. Without an LLM this runs at once;
with one it runs in the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from context_manager.errors import ConflictError
from context_manager.manager.hearing import QUARANTINED
from context_manager.manager.session import Session
from context_manager.memory.drafting import new_id
from context_manager.memory.summary import derived_trust
from context_manager.records import MemoryEntry, Turn
from context_manager.store.protocol import Change, EntryFilter, EntryUpdate

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

MERGE = 4
"""Chunk summaries of a session that are merged into one session summary."""


def consolidate_if_due(cm: ContextManager, session: Session) -> None:
    """Summarise what has left the working set, once there is a chunk of it."""
    if session.memory.fallen_tokens < cm.config.memory.chunk_size:
        return
    if getattr(cm.summarizer, "llm_adapter", None) is None:
        consolidate(cm, session)
    else:
        cm.engine.background.submit(("consolidate", cm.scope), lambda: consolidate(cm, session))


def consolidate(cm: ContextManager, session: Session) -> None:
    """Summarise chunk after chunk while enough has left the working set."""
    with cm.hooks.watch("consolidate", cm.scope) as watch:
        watch.note(summaries=_consolidate(cm, session))


def _consolidate(cm: ContextManager, session: Session) -> int:
    """Do it; how many chunks were summarised."""
    size = cm.config.memory.chunk_size
    summaries = 0
    try:
        while session.memory.fallen_tokens >= size:
            chunk, _ = session.memory.get_chunk_for_summarization(size)
            done = False
            try:
                done = _store_chunk_summary(cm, chunk)
            finally:
                if not done:
                    session.memory.hand_back(chunk)
            if not done:
                return summaries
            session.memory.mark_consolidated(chunk)
            summaries += 1
        _merge(cm)
    except ConflictError:
        session.reload()  # what is open now is summarised next time
    return summaries


def _store_chunk_summary(cm: ContextManager, chunk: Sequence[Turn]) -> bool:
    """Store the summary of a chunk and mark its turns; False if there is no usable summary."""
    stored = tuple(turn.id for turn in chunk if turn.id)
    chunk = _without_quarantined(chunk)
    if not chunk:
        cm.archive.apply(cm.scope.partition, Change(consolidated=stored, expect_turns=stored))
        return True
    text = cm.summarizer.summarize_chunk(list(chunk))
    if not isinstance(text, str) or not text.strip():
        return False
    sources = _stored_messages(cm, chunk)
    entry = MemoryEntry(
        id=new_id("sum"),
        text=text,
        metadata={**cm.summarizer.create_summary_metadata(list(chunk), text), "level": "chunk"},
        timestamp=chunk[-1].timestamp,
        kind="summary",
        scope=cm.scope,
        trust=min((source.trust for source in sources), default=derived_trust(chunk)),
        source_ids=tuple(source.id for source in sources),
    )
    change = Change(
        entries=(cm.archive.drafter.entry(entry),),
        consolidated=stored,
        expect_entries=tuple(e.id for e in sources if e.superseded_by is None),
        expect_turns=stored,
    )
    cm.archive.apply(cm.scope.partition, change)
    return True


def _without_quarantined(chunk: Sequence[Turn]) -> list[Turn]:
    """The turns without messages that are kept out of prompts, and so out of summaries."""
    return [
        replace(turn, messages=kept)
        for turn in chunk
        if (kept := tuple(m for m in turn.messages if QUARANTINED not in m.metadata))
    ]


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


def _merge(cm: ContextManager) -> None:
    """Merge the chunk summaries of the session into one session summary when there are enough."""
    where = EntryFilter(kinds=("summary",), session_id=cm.scope.session_id)
    found = [entry for _, entry in cm.archive.store.find(cm.scope.partition, where)]
    current = [entry for entry in found if entry.superseded_by is None]
    chunks = [entry for entry in current if entry.metadata.get("level") == "chunk"]
    if len(chunks) < MERGE:
        return
    text = cm.summarizer.summarize_hierarchically([entry.text for entry in current])
    if not isinstance(text, str) or not text.strip():
        return
    merged = MemoryEntry(
        id=new_id("sum"),
        text=text,
        metadata={"level": "session", "type": "session_summary"},
        timestamp=current[-1].timestamp,
        kind="summary",
        scope=cm.scope,
        trust=min(entry.trust for entry in current),
        source_ids=tuple(entry.id for entry in current),
    )
    change = Change(
        entries=(cm.archive.drafter.entry(merged),),
        updates=tuple(EntryUpdate(e.id, {"superseded_by": merged.id}) for e in current),
        expect_entries=tuple(entry.id for entry in current),
    )
    cm.archive.apply(cm.scope.partition, change)

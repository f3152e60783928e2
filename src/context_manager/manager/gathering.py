"""Sessions about one topic: their summaries, once there are enough, become one topic summary.

Decides which sessions belong together (the likeness of their summaries' vectors) and when there
are enough. It runs in the background only. The sessions' own summaries stay what they are; a
topic summary stands above them, for `search` and `expand`, and in no prompt by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from context_manager.errors import ConflictError
from context_manager.manager import delegating
from context_manager.memory.drafting import new_id
from context_manager.memory.summary import Summary
from context_manager.records import MemoryEntry
from context_manager.store.protocol import Change, EntryFilter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

    Merge = Callable[[ContextManager, Sequence[MemoryEntry]], Summary | None]

TOPIC = "topic"
"""Level of a summary of several sessions, in its metadata."""

ENOUGH = 4
"""Session summaries that make a topic."""

ALIKE = 0.5
"""Least cosine of two summaries of one topic."""


def gather_later(cm: ContextManager, merge: Merge) -> None:
    """Look for a topic in the background, or have a worker look."""
    queue = delegating.queue_of(cm)
    if queue is not None:
        delegating.leave(cm, queue, delegating.TOPICS, cm.scope)
        return
    job = ("topic", cm.scope.partition)
    cm.engine.background.submit(job, lambda: gather(cm, merge))


def gather(cm: ContextManager, merge: Merge) -> str | None:
    """Make a topic summary of session summaries that belong together and to no topic yet.

    Returns:
        Its id, None if there are not enough.
    """
    cm.archive.embed_pending(cm.scope.partition)
    loose = _loose(cm)
    vectors = cm.archive.vectors(cm.scope.partition, [entry.id for entry in loose])
    group = next(filter(None, (_around(entry, loose, vectors) for entry in reversed(loose))), None)
    summary = merge(cm, group) if group else None
    if not group or summary is None:
        return None
    entry = MemoryEntry(
        id=new_id("sum"),
        text=summary.text,
        metadata={"level": TOPIC, "type": "topic_summary", "sessions": len(group)},
        timestamp=group[-1].timestamp,
        kind="summary",
        scope=group[-1].scope,
        trust=min(entry.trust for entry in group),
        source_ids=tuple(entry.id for entry in group),
    )
    draft = cm.archive.drafter.entry(entry)
    expected = entry.source_ids
    try:
        cm.archive.apply(cm.scope.partition, Change(entries=(draft,), expect_entries=expected))
    except ConflictError:
        return None  # a session went on or was forgotten; the next session summary asks again
    return entry.id


def _loose(cm: ContextManager) -> list[MemoryEntry]:
    """Session summaries that belong to no topic, oldest first."""
    found = [
        entry
        for _, entry in cm.archive.store.find(cm.scope.partition, EntryFilter(kinds=("summary",)))
        if entry.superseded_by is None
    ]
    taken = {s for e in found if e.metadata.get("level") == TOPIC for s in e.source_ids}
    return [e for e in found if e.metadata.get("level") == "session" and e.id not in taken]


def _around(
    entry: MemoryEntry,
    loose: Sequence[MemoryEntry],
    vectors: Mapping[str, NDArray[np.float32]],
) -> list[MemoryEntry]:
    """The summaries like this one, itself included; none if they are too few."""
    own = vectors.get(entry.id)
    if own is None:
        return []
    alike = [e for e in loose if e.id in vectors and float(vectors[e.id] @ own) >= ALIKE]
    return alike if len(alike) >= ENOUGH else []

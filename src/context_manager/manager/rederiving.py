"""What follows from an erasure: which derived entries go, and what is made anew without the gone.

Decides the closure over sources and the successor of each derived summary, made extractively, so
that erasing never waits for a model. It reads, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from context_manager.memory.drafting import label, new_id
from context_manager.memory.summarizer import HierarchicalSummarizer
from context_manager.memory.summary import MADE_AFTER
from context_manager.records import MemoryEntry, Message, Turn
from context_manager.store.protocol import EntryFilter, EntryUpdate

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


@dataclass(slots=True)
class Aftermath:
    """What else an erasure does.

    Args:
        doomed: What was named, by id.
        derived: Everything made from it over any number of steps, by id.
        remade: Successors of derived entries, made from what remains.
        updates: Entries that pointed to something removed and stay.
        reopened: Ids of turns that no summary stands for any more.
    """

    doomed: dict[str, MemoryEntry]
    derived: dict[str, MemoryEntry] = field(default_factory=dict)
    remade: list[MemoryEntry] = field(default_factory=list)
    updates: list[EntryUpdate] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)

    @property
    def removed(self) -> dict[str, MemoryEntry]:
        """Everything that goes."""
        return {**self.doomed, **self.derived}


def aftermath(cm: ContextManager, doomed: Iterable[MemoryEntry]) -> Aftermath:
    """What follows from deleting these entries."""
    after = Aftermath({entry.id: entry for entry in doomed})
    _find_derived(cm, after)
    successors = _remake(cm, after)
    _redirect(cm, after, successors)
    _reopen(cm, after, successors)
    return after


def _find_derived(cm: ContextManager, after: Aftermath) -> None:
    waiting = list(after.doomed)
    while waiting:
        where = EntryFilter(source_id=waiting.pop())
        for _, entry in cm.archive.store.find(cm.scope.partition, where):
            if entry.id not in after.doomed and entry.id not in after.derived:
                after.derived[entry.id] = entry
                waiting.append(entry.id)


def _remake(cm: ContextManager, after: Aftermath) -> dict[str, MemoryEntry]:
    """Make derived entries anew, sources before what was made of them; successors by old id."""
    successors: dict[str, MemoryEntry] = {}
    for entry in _sources_first(after.derived):
        left = [source for source in entry.source_ids if source not in after.doomed]
        kept = _entries(cm, [source for source in left if source not in after.derived])
        found = [successors.get(source) or kept.get(source) for source in left]
        remade = _again(cm, entry, [source for source in found if source is not None])
        if remade is not None:
            successors[entry.id] = remade
    for old_id, remade in successors.items():
        pointer = after.derived[old_id].superseded_by
        after.remade.append(replace(remade, superseded_by=_followed(pointer, after, successors)))
    return successors


def _sources_first(derived: Mapping[str, MemoryEntry]) -> list[MemoryEntry]:
    below = {e.id: [s for s in e.source_ids if s in derived] for e in derived.values()}
    try:
        return [derived[identifier] for identifier in TopologicalSorter(below).static_order()]
    except CycleError:  # only by hand-made sources: then nothing of the circle is made anew
        return []


def _again(
    cm: ContextManager, entry: MemoryEntry, sources: Sequence[MemoryEntry]
) -> MemoryEntry | None:
    """The entry made from these sources alone; None for what cannot be made without a model."""
    if entry.kind != "summary" or not sources:
        return None
    summarizer = HierarchicalSummarizer(
        None, cm.config.memory.summary_compression_ratio, token_counter=cm.token_counter
    )
    if all(source.kind == "summary" for source in sources):
        text = summarizer.summarize_hierarchically([source.text for source in sources])
        metadata = {}
    else:
        turns = [_as_turn(source) for source in sources]
        text = summarizer.summarize_chunk(turns)
        metadata = summarizer.create_summary_metadata(turns, text)
    if not text.strip():
        return None
    # Of the old metadata only what cannot tell of the text: a subclass may have put words there.
    telling = ("level", "type", MADE_AFTER)
    kept = {key: entry.metadata[key] for key in telling if key in entry.metadata}
    return replace(
        entry,
        id=new_id("sum"),
        text=text,
        metadata={**metadata, **kept},
        trust=min(source.trust for source in sources),
        source_ids=tuple(source.id for source in sources),
    )


def _as_turn(entry: MemoryEntry) -> Turn:
    message = Message(entry.role or "user", entry.text, name=entry.name or label(entry))
    return Turn.of((message,), 0, entry.timestamp)


def _redirect(cm: ContextManager, after: Aftermath, successors: Mapping[str, MemoryEntry]) -> None:
    """Let what was superseded by something removed point to its successor, or stand again."""
    removed = after.removed
    sources = [s for e in removed.values() for s in e.source_ids if s not in removed]
    for entry in _entries(cm, sources).values():
        pointer = _followed(entry.superseded_by, after, successors)
        if pointer != entry.superseded_by:
            after.updates.append(EntryUpdate(entry.id, {"superseded_by": pointer}))
    facts = cm.engine.facts(cm.scope.partition).entries
    for entry in facts.values():
        if entry.superseded_by in removed and entry.id not in removed:
            after.updates.append(EntryUpdate(entry.id, _standing(entry, removed, facts)))


def _standing(
    fact: MemoryEntry, removed: Mapping[str, MemoryEntry], facts: Mapping[str, MemoryEntry]
) -> dict[str, object]:
    """How a fact whose successor is removed stands: as if that had never been told."""
    pointer = fact.superseded_by
    while pointer is not None and pointer in removed:
        pointer = removed[pointer].superseded_by
    following = facts.get(pointer or "")
    if following is None:
        return {"superseded_by": None, "valid_to": None}
    return {"superseded_by": following.id, "valid_to": following.valid_from}


def _followed(
    pointer: str | None, after: Aftermath, successors: Mapping[str, MemoryEntry]
) -> str | None:
    successor = successors.get(pointer or "")
    if successor is not None:
        return successor.id
    gone = pointer in after.doomed or pointer in after.derived
    return None if gone else pointer


def _reopen(cm: ContextManager, after: Aftermath, successors: Mapping[str, MemoryEntry]) -> None:
    """Let the turns of a summary that goes without a successor be summarised again."""
    removed = after.removed
    bare = [
        source
        for entry in removed.values()
        if entry.kind == "summary" and entry.id not in successors
        for source in entry.source_ids
        if source not in removed
    ]
    covered = {source for entry in after.remade for source in entry.source_ids}
    found = _entries(cm, [source for source in bare if source not in covered])
    after.reopened += dict.fromkeys(e.turn_id for e in found.values() if e.turn_id)


def _entries(cm: ContextManager, ids: Sequence[str]) -> dict[str, MemoryEntry]:
    unique = list(dict.fromkeys(ids))
    found = cm.archive.store.entries(cm.scope.partition, unique) if unique else []
    return {entry.id: entry for entry in found}

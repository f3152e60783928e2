"""Forgotten means gone: what is deleted, what is made anew without it, and the receipt.

Decides what else must go with an entry: every summary and fact derived from it, directly or over
several steps. Those are made anew from what remains, extractively, in the same transaction; with
nothing left of their sources they go too. It never puts a forgotten text into a log or a receipt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from context_manager.errors import InputError
from context_manager.memory.drafting import label, new_id
from context_manager.memory.summarizer import HierarchicalSummarizer
from context_manager.records import MemoryEntry, Message, Receipt, Turn
from context_manager.store.protocol import Change, EntryFilter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


@dataclass(slots=True)
class _Erasure:
    """What one call of `forget` will delete and write."""

    doomed: dict[str, MemoryEntry] = field(default_factory=dict)
    derived: dict[str, MemoryEntry] = field(default_factory=dict)
    remade: list[MemoryEntry] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)


def forget(
    cm: ContextManager,
    ids: str | Iterable[str] | None,
    where: EntryFilter | None,
    everything: bool,
) -> Receipt:
    """Delete what was named and what follows from it; see `ContextManager.forget`."""
    if (ids is not None) + (where is not None) + everything != 1:
        raise InputError("say what to forget: ids, where=EntryFilter(...), or everything=True")
    erasure = _Erasure()
    for entry in _named(cm, ids, where):
        erasure.doomed[entry.id] = entry
    _add_derived(cm, erasure)
    _remake(cm, erasure)
    _add_empty_turns(cm, erasure)
    change = Change(
        entries=tuple(cm.archive.drafter.entry(entry) for entry in erasure.remade),
        remove_entries=(*erasure.doomed, *erasure.derived),
        remove_turns=tuple(erasure.turns),
    )
    cm.archive.apply(cm.scope.partition, change)
    cm.engine.forget_built()
    scrub = getattr(cm.archive.store, "scrub", None)
    return Receipt(
        entries=len(erasure.doomed),
        turns=len(erasure.turns),
        rederived=len(erasure.remade),
        dropped=len(erasure.derived) - len(erasure.remade),
        bytes_scrubbed=bool(scrub()) if scrub is not None else True,
        at=cm.clock(),
    )


def _named(
    cm: ContextManager, ids: str | Iterable[str] | None, where: EntryFilter | None
) -> list[MemoryEntry]:
    store, partition = cm.archive.store, cm.scope.partition
    if ids is None:
        return [entry for _, entry in store.find(partition, where or EntryFilter())]
    wanted = [ids] if isinstance(ids, str) else list(ids)
    found = store.entries(partition, wanted)
    known = {entry.id for entry in found}
    for turn_id in wanted:
        if turn_id not in known:
            found += [entry for _, entry in store.find(partition, EntryFilter(turn_id=turn_id))]
    return found


def _add_derived(cm: ContextManager, erasure: _Erasure) -> None:
    """Add everything made from the doomed, over any number of steps."""
    waiting = list(erasure.doomed)
    while waiting:
        source = waiting.pop()
        where = EntryFilter(source_id=source)
        for _, entry in cm.archive.store.find(cm.scope.partition, where):
            if entry.id not in erasure.doomed and entry.id not in erasure.derived:
                erasure.derived[entry.id] = entry
                waiting.append(entry.id)


def _remake(cm: ContextManager, erasure: _Erasure) -> None:
    """Make derived entries anew from what remains of their sources, deepest sources first."""
    renamed: dict[str, MemoryEntry | None] = {}
    for entry in sorted(erasure.derived.values(), key=lambda e: _depth(e, erasure.derived)):
        left = [renamed.get(i, i) for i in entry.source_ids if i not in erasure.doomed]
        made = [source for source in left if isinstance(source, MemoryEntry)]
        kept = cm.archive.store.entries(
            cm.scope.partition, [source for source in left if isinstance(source, str)]
        )
        sources = [*kept, *made]
        renamed[entry.id] = _derived_again(cm, entry, sources) if sources else None
    for old_id, remade in renamed.items():
        if remade is not None:
            successor = renamed.get(erasure.derived[old_id].superseded_by or "")
            erasure.remade.append(
                replace(remade, superseded_by=successor.id if successor else None)
            )


def _depth(entry: MemoryEntry, derived: dict[str, MemoryEntry]) -> int:
    below = [derived[i] for i in entry.source_ids if i in derived]
    return 1 + max((_depth(source, derived) for source in below), default=0)


def _derived_again(
    cm: ContextManager, entry: MemoryEntry, sources: Sequence[MemoryEntry]
) -> MemoryEntry | None:
    """The entry made from these sources alone; None for what cannot be made without a model."""
    if entry.kind != "summary":
        return None
    summarizer = HierarchicalSummarizer(None, cm.config.memory.summary_compression_ratio)
    if all(source.kind == "summary" for source in sources):
        text = summarizer.summarize_hierarchically([source.text for source in sources])
    else:
        text = summarizer.summarize_chunk([_as_turn(source) for source in sources])
    if not text.strip():
        return None
    return replace(
        entry,
        id=new_id("sum"),
        text=text,
        trust=min(source.trust for source in sources),
        source_ids=tuple(source.id for source in sources),
    )


def _as_turn(entry: MemoryEntry) -> Turn:
    message = Message(entry.role or "user", entry.text, name=entry.name or label(entry))
    return Turn.of((message,), 0, entry.timestamp)


def _add_empty_turns(cm: ContextManager, erasure: _Erasure) -> None:
    """Add the turns of which no message remains: their metadata must go as well."""
    turn_ids = dict.fromkeys(e.turn_id for e in erasure.doomed.values() if e.turn_id)
    for turn_id in turn_ids:
        messages = cm.archive.store.find(cm.scope.partition, EntryFilter(turn_id=turn_id))
        if all(entry.id in erasure.doomed for _, entry in messages):
            erasure.turns.append(turn_id)

"""An export into a store: what is added, and what stays out because it was forgotten since.

Decides that a file is checked to its end before anything is written, that what has a tombstone,
here or in the file, is never written, and what becomes of entries derived from it. A second import
of the same file adds nothing.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from context_manager.errors import ScopeError
from context_manager.manager.forgetting import erase, erase_all
from context_manager.memory.erasures import ALL, KEYS, TOMBSTONES
from context_manager.memory.export_file import Portion, check, check_places, portions
from context_manager.memory.portable import (
    PROMPTS,
    QUOTES,
    Record,
    entries_of,
    entry_draft,
    entry_of,
    line_draft,
    turn_draft,
)
from context_manager.memory.transfer import placeholders
from context_manager.records import MemoryEntry, Trust
from context_manager.store.protocol import Change, EntryFilter, LedgerDraft, TurnDraft

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

GROUP = 200
"""Records written in one transaction."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What `import_export` did.

    Args:
        partitions: Partitions in the file.
        turns, entries: How many were added; messages count as entries.
        present: Entries that were there already.
        forgotten: Entries left out because they were forgotten, or derived from such.
        erased: Entries that were here, erased by the file's tombstones.
    """

    partitions: int = 0
    turns: int = 0
    entries: int = 0
    present: int = 0
    forgotten: int = 0
    erased: int = 0


def import_export(
    cm: ContextManager, path: Path, everybody: bool, progress: Callable[[int], object] | None
) -> Imported:
    """Add what the file holds; see `ContextManager.import_export`."""
    check(path)
    for portion in portions(path):
        check_places(path, portion)
        if not everybody and portion.partition != cm.scope.partition:
            raise ScopeError(
                f"{path} holds memory of {tuple(portion.partition)}, this manager is for "
                f"{tuple(cm.scope.partition)}; use its scope, or everybody=True"
            )
    done: Counter[str] = Counter()
    for portion in portions(path):
        _restore(cm.scoped(**portion.partition._asdict()), portion, done)
        done["partitions"] += 1
        if progress is not None:
            progress(done["entries"])
    return Imported(**done)


def adopt(cm: ContextManager, portion: Portion, most: Trust) -> Imported:
    """Add what somebody else's file holds, as if whoever brings it had said it.

    It comes into this manager's scope whatever the file says, behind what is there, and is screened
    like anything that is said; the file's ledger stays out.

    Args:
        cm: In the scope that it comes into.
        portion: What the file holds of one partition.
        most: How far its bringer may be trusted; no entry is trusted further.
    """
    cm.require_user()
    entries = [_admitted(cm, record, most) for record in portion.entries]
    turns: list[Record] = [
        # Without a place of its own: gaps would be filled, and a file may claim any number.
        {**turn, "seq": 0, "messages": [_admitted(cm, said, most) for said in turn["messages"]]}
        for turn in portion.turns
    ]
    own = Portion(portion.header, cm.scope.partition, portion.change, turns, entries)
    done: Counter[str] = Counter(partitions=1)
    _restore(cm, own, done)
    return Imported(**done)


def _admitted(cm: ContextManager, record: Record, most: Trust) -> Record:
    entry = entry_of(record, cm.scope.partition)
    entry = cm.archive.admit(replace(entry, trust=min(entry.trust, most)))
    trust = entry.trust.name.lower()
    return {**record, "text": entry.text, "metadata": dict(entry.metadata), "trust": trust}


def bury(cm: ContextManager, lines: Sequence[LedgerDraft]) -> int:
    """Take over lines of another ledger, and erase what their tombstones bury here.

    Returns:
        How many entries were erased.
    """
    erasures, store, partition = cm.archive.erasures, cm.archive.store, cm.scope.partition
    fresh = _news(cm, lines)
    if fresh:
        cm.archive.apply(partition, Change(ledger=tuple(fresh)))
    names = {line.name for line in fresh if line.book == TOMBSTONES}
    burial = erasures.burial(partition)
    since = store.version(partition).change
    if ALL in names and burial["store"] == erasures.store_id and since <= burial["change"]:
        return erase_all(cm).entries
    if not names:
        return 0
    found = [entry for _, entry in store.find(partition, EntryFilter())]
    ids = {name for entry in found for name in (entry.id, entry.turn_id) if name}
    buried = erasures.buried(partition, ids, names)
    gone = {entry.id: entry for entry in found if entry.id in buried or entry.turn_id in buried}
    # What was derived follows its sources, and is made anew from those that stay.
    doomed = [entry for entry in gone.values() if not gone.keys() & set(entry.source_ids)]
    return erase(cm, lambda: doomed, "restore").entries


def _restore(cm: ContextManager, portion: Portion, done: Counter[str]) -> None:
    partition = portion.partition
    done["erased"] += bury(cm, _living(cm, portion))
    entries = [
        entry
        for record in (*portion.turns, *portion.entries)
        for entry in entries_of(record, partition)
    ]
    gone = _gone(cm, portion, entries)
    known = {e.id for e in cm.archive.store.entries(partition, [entry.id for entry in entries])}
    done["present"] += len(known)
    done["forgotten"] += len(gone - known)
    _add_turns(cm, portion, _covered(entries, gone), gone | known, done)
    _add_entries(cm, portion, gone, known, done)
    cm.embed_later()


def _living(cm: ContextManager, portion: Portion) -> list[LedgerDraft]:
    """The file's lines, without recorded prompts that were forgotten since."""
    lines = [line_draft(line) for line in portion.lines]
    erasures, partition = cm.archive.erasures, portion.partition
    names = {line.name for line in lines if line.book in (PROMPTS, QUOTES)}
    burial = erasures.burial(partition)
    gone = names if burial and _is_older(portion, burial) else erasures.buried(partition, names)
    return [line for line in lines if not (line.name in gone and line.name in names)]


def _add_turns(
    cm: ContextManager, portion: Portion, covered: set[str], skip: set[str], done: Counter[str]
) -> None:
    """Append the turns, their places in an empty session kept; marks follow the summaries."""
    drafts: list[TurnDraft] = []
    marks: list[str] = []
    next_seq: dict[str, int] = {}
    for record in portion.turns:
        draft = turn_draft(record, portion.partition, cm.archive.drafter, frozenset(skip))
        if not draft.entries:
            continue
        drafts += [*_gap(cm, draft, next_seq), draft]
        if record["consolidated"] and covered.intersection(item.entry.id for item in draft.entries):
            marks.append(draft.turn.id)
        done["turns"] += 1
        done["entries"] += len(draft.entries)
    for group in _groups(drafts):
        cm.archive.apply(portion.partition, Change(turns=tuple(group)))
    cm.archive.apply(portion.partition, Change(consolidated=tuple(marks)))


def _gap(cm: ContextManager, draft: TurnDraft, next_seq: dict[str, int]) -> list[TurnDraft]:
    """Turns without messages for the places of those that were forgotten before the export."""
    session = draft.scope.session_id
    if session not in next_seq:
        last = cm.archive.store.turns(draft.scope, last=1)
        next_seq[session] = last[-1].seq + 1 if last else 0
    gap = placeholders(draft.scope, draft.turn, next_seq[session])
    next_seq[session] += len(gap) + 1
    return gap


def _add_entries(
    cm: ContextManager, portion: Portion, gone: set[str], known: set[str], done: Counter[str]
) -> None:
    drafts = [
        entry_draft(_standing(record, gone), portion.partition, cm.archive.drafter)
        for record in portion.entries
        if record["id"] not in gone and record["id"] not in known
    ]
    for group in _groups(drafts):
        cm.archive.apply(portion.partition, Change(entries=tuple(group)))
    done["entries"] += len(drafts)


def _standing(record: Record, gone: set[str]) -> Record:
    """A record that was superseded by something forgotten stands again."""
    return {**record, "superseded_by": None} if record["superseded_by"] in gone else record


def _covered(entries: Iterable[MemoryEntry], gone: set[str]) -> set[str]:
    """The sources of the summaries that come, or are here."""
    return {
        source
        for entry in entries
        if entry.kind == "summary" and entry.id not in gone
        for source in entry.source_ids
    }


def _gone(cm: ContextManager, portion: Portion, entries: Sequence[MemoryEntry]) -> set[str]:
    """Ids in the file that must not come back: forgotten, or derived from what was."""
    erasures, partition = cm.archive.erasures, portion.partition
    burial = erasures.burial(partition)
    if burial and _is_older(portion, burial):
        return {entry.id for entry in entries}
    ids = {name for entry in entries for name in (entry.id, entry.turn_id) if name}
    buried = erasures.buried(partition, ids)
    gone = {entry.id for entry in entries if entry.id in buried or entry.turn_id in buried}
    while True:
        derived = {e.id for e in entries if e.id not in gone and gone.intersection(e.source_ids)}
        if not derived:
            return gone
        gone |= derived


def _is_older(portion: Portion, burial: Mapping[str, Any]) -> bool:
    """Whether the file was written before everything was forgotten."""
    if portion.header["store"] == burial["store"]:
        return bool(portion.change <= burial["change"])
    return bool(portion.header["at"] <= burial["at"])


def _news(cm: ContextManager, lines: Sequence[LedgerDraft]) -> list[LedgerDraft]:
    """The lines that say something new here: what stands here already stays."""
    held: dict[str, dict[str, str]] = defaultdict(dict)
    for book in {line.book for line in lines}:
        found = cm.archive.store.ledger(cm.scope.partition, book)
        held[book] = {line.name: line.body for line in found}
    return [
        replace(line, replace=True)
        for line in lines
        if _is_news(line, held[line.book], cm.archive.erasures.store_id)
    ]


def _is_news(line: LedgerDraft, held: Mapping[str, str], own: str) -> bool:
    if line.book == KEYS and line.name == own:
        return False
    if line.book == TOMBSTONES and line.name == ALL and ALL in held:
        return bool(json.loads(line.body)["at"] > json.loads(held[ALL])["at"])
    return line.name not in held


def _groups(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + GROUP] for start in range(0, len(items), GROUP))

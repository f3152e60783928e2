"""Forgotten means gone: what is deleted, in one transaction, and the receipt.

Decides the order: what was named and everything derived from it goes, summaries come back made
from what remains, tombstones and a receipt are written, all at once; then the freed bytes are
overwritten. Writing that races with it is refused by the store and tried anew. A forgotten text
enters neither a log nor a receipt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from context_manager.embedding.cache import VectorCache
from context_manager.errors import ConflictError, InputError
from context_manager.manager import learning, recording
from context_manager.manager.rederiving import Aftermath, aftermath
from context_manager.memory.answers import claims, emptied
from context_manager.memory.erasures import KEYS, RECEIPTS
from context_manager.records import MemoryEntry, Receipt
from context_manager.store.protocol import Change, EntryFilter, LedgerDraft

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

TRIES = 8
"""How often an erasure starts anew because others wrote at the same time."""

PAGE = 2000


def forget(
    cm: ContextManager,
    ids: str | Iterable[str] | None,
    where: EntryFilter | None,
    everything: bool,
) -> Receipt:
    """Delete what was named and what follows from it; see `ContextManager.forget`."""
    with cm.hooks.watch("forget", cm.scope) as watch:
        cm.require_user()
        if (ids is not None) + (where is not None) + everything != 1:
            raise InputError("say what to forget: ids, where=EntryFilter(...), or everything=True")
        receipt = _forget(cm, ids, where, everything)
        watch.note(
            removed=receipt.entries + receipt.dropped,
            turns=receipt.turns,
            rederived=receipt.rederived,
            scrubbed=int(receipt.bytes_scrubbed),
        )
    return receipt


def _several(ids: object) -> Iterable[str]:
    if isinstance(ids, Iterable):
        return ids
    raise InputError(f"ids must be one id or several, got {type(ids).__name__}")


def _forget(
    cm: ContextManager,
    ids: str | Iterable[str] | None,
    where: EntryFilter | None,
    everything: bool,
) -> Receipt:
    if everything:
        return erase_all(cm)
    if where is not None:
        return erase(cm, lambda: matching(cm, where), "filter")
    wanted = [ids] if isinstance(ids, str) else list(_several(ids))
    prompts = [name for name in wanted if name.startswith(f"{recording.PREFIX}_")]
    return erase(cm, lambda: _named(cm, wanted), "ids", prompts)


def erase(
    cm: ContextManager,
    choose: Callable[[], Sequence[MemoryEntry]],
    asked: str,
    prompts: Sequence[str] = (),
) -> Receipt:
    """Delete entries and what follows from that.

    Args:
        cm: The manager.
        choose: Gives the entries; called again after a conflict.
        asked: What was asked, for the receipt.
        prompts: Ids of recorded prompts to delete as well.
    """
    return _settled(cm, _tried(lambda: _erase(cm, choose, asked, prompts)))


def erase_all(cm: ContextManager) -> Receipt:
    """Delete everything of the partition, recorded prompts too."""
    receipt = _settled(cm, _tried(lambda: _erase_all(cm)))
    cm.engine.clear_sessions(cm.scope.partition)
    own = cm.long_term_memory
    if getattr(own, "archive", None) is not cm.archive and hasattr(own, "clear"):
        own.clear()
    return receipt


def matching(cm: ContextManager, where: EntryFilter) -> list[MemoryEntry]:
    """The entries of the partition that match."""
    return [entry for _, entry in cm.archive.store.find(cm.scope.partition, where)]


def scrub(cm: ContextManager) -> bool:
    """Overwrite freed bytes; True when nothing of what was deleted is left in the files.

    A store that cannot do that has no files if it lies nowhere; of a database's we know nothing.
    """
    store = cm.archive.store
    overwrite = getattr(store, "scrub", None)
    return not store.location if overwrite is None else bool(overwrite())


def _erase(
    cm: ContextManager,
    choose: Callable[[], Sequence[MemoryEntry]],
    asked: str,
    prompts: Sequence[str],
) -> Receipt:
    now, last = cm.clock(), cm.archive.erasures.last(cm.scope.partition)
    doomed = choose()
    partition, erasures = cm.scope.partition, cm.archive.erasures
    after = aftermath(cm, doomed)
    strikes = recording.strikes(cm, after.removed.values(), prompts)
    if not (doomed or strikes):
        return Receipt(0, 0, 0, 0, True, now, asked=asked)
    turns = _emptied_turns(cm, after.doomed)
    receipt = Receipt(
        entries=len(after.doomed),
        turns=len(turns),
        rederived=len(after.remade),
        dropped=len(after.derived) - len(after.remade),
        bytes_scrubbed=False,
        at=now,
        kinds=dict(Counter(entry.kind for entry in after.removed.values())),
        recorded=len(strikes),
        asked=asked,
    )
    receipt, line = erasures.issue(last, receipt)
    change = Change(
        entries=tuple(cm.archive.drafter.entry(entry) for entry in after.remade),
        updates=tuple(after.updates),
        remove_entries=tuple(after.removed),
        remove_turns=tuple(turns),
        reopened=tuple(after.reopened),
        strike=(*strikes, *learning.strikes(cm, after.removed)),
        ledger=(
            line,
            *erasures.tombstones(_buried(after, turns, strikes), now),
            *emptied(cm.archive.store, partition),
        ),
        expect_closed=True,
    )
    cm.archive.apply(partition, change)
    # What was quoted between the look and the change; none can come later, for the epoch is over.
    late = recording.strikes(cm, after.removed.values())
    if late:
        cm.archive.apply(partition, Change(strike=late))
    return receipt


def _buried(
    after: Aftermath, turns: Sequence[str], strikes: Sequence[tuple[str, str]]
) -> list[str]:
    """Everything that an older export must not bring back."""
    return [*after.removed, *turns, *(name for _, name in strikes)]


def _erase_all(cm: ContextManager) -> Receipt:
    now, partition = cm.clock(), cm.scope.partition
    last = cm.archive.erasures.last(partition)
    kinds, turns = _census(cm)
    recorded = recording.count(cm)
    receipt = Receipt(
        sum(kinds.values()),
        turns,
        rederived=0,
        dropped=0,
        bytes_scrubbed=False,
        at=now,
        kinds=dict(kinds),
        recorded=recorded,
        asked="everything",
    )
    if not (kinds or recorded):
        return replace(receipt, bytes_scrubbed=True)
    erasures, store = cm.archive.erasures, cm.archive.store
    receipt, line = erasures.issue(last, receipt)
    earlier = [
        LedgerDraft(book, kept.name, kept.body)
        for book in (RECEIPTS, KEYS)
        for kept in store.ledger(partition, book)
    ]
    tombstone = erasures.tombstone_of_all(partition, now)
    written = (*earlier, *claims(store, partition), line, tombstone)
    cm.archive.apply(partition, Change(erase=True, ledger=written))
    return receipt


def _tried(step: Callable[[], Receipt]) -> Receipt:
    """Do it anew while others write in between."""
    for _ in range(TRIES - 1):
        try:
            return step()
        except ConflictError:
            continue
    return step()


def _settled(cm: ContextManager, receipt: Receipt) -> Receipt:
    cm.engine.forget_built()
    cm.engine.forget_replies()
    vectors = getattr(cm.embedding_provider, "cache", None)
    if isinstance(vectors, VectorCache):
        vectors.clear()
    if cm.archive.shared is not None:
        cm.archive.shared.forget(cm.scope.partition)
    return replace(receipt, bytes_scrubbed=scrub(cm)) if receipt.number else receipt


def _named(cm: ContextManager, wanted: Sequence[str]) -> list[MemoryEntry]:
    """The entries with these ids; a turn's id stands for its messages."""
    found = cm.archive.store.entries(cm.scope.partition, wanted)
    known = {entry.id for entry in found}
    for turn_id in wanted:
        if turn_id not in known:
            found += matching(cm, EntryFilter(turn_id=turn_id))
    return list({entry.id: entry for entry in found}.values())


def _emptied_turns(cm: ContextManager, doomed: dict[str, MemoryEntry]) -> list[str]:
    """The turns of which no message remains: their metadata goes as well."""
    turn_ids = dict.fromkeys(entry.turn_id for entry in doomed.values() if entry.turn_id)
    return [
        turn_id
        for turn_id in turn_ids
        if all(entry.id in doomed for entry in matching(cm, EntryFilter(turn_id=turn_id)))
    ]


def _census(cm: ContextManager) -> tuple[Counter[str], int]:
    """Entries by kind, and how many turns they belong to."""
    kinds: Counter[str] = Counter()
    turns: set[str] = set()
    after = 0
    while True:
        page = cm.archive.store.find(cm.scope.partition, EntryFilter(), after=after, limit=PAGE)
        kinds.update(entry.kind for _, entry in page)
        turns.update(entry.turn_id for _, entry in page if entry.turn_id)
        if len(page) < PAGE:
            return kinds, len(turns)
        after = page[-1][0]

"""Facts that change: found in what is said, kept with their sources, ended but never deleted.

Decides when facts are looked for (by rules in the turn's own transaction, so that the very next
prompt knows them; by a model when turns leave the working set), whose words count, and how what
was found is stored. What a fact is and which ends which is decided in `memory.facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from context_manager.errors import ConflictError, InputError, NotFoundError
from context_manager.flow import run
from context_manager.manager import guarding
from context_manager.manager.hearing import QUARANTINED, admitted
from context_manager.memory.drafting import new_id
from context_manager.memory.facts.book import Facts, Place
from context_manager.memory.facts.fact import USER, Fact, Held
from context_manager.memory.facts.reconcile import Reconciled, new_place, reconcile
from context_manager.records import MemoryEntry, Trust, Turn
from context_manager.records.message import clean_text
from context_manager.store.protocol import Applied, Change, EntryUpdate, LedgerDraft, TurnDraft

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

TRIES = 4
"""How often a change is made anew because others changed the same facts at the same time."""

PLACES = "places"
"""Book of the ledger with a line, a keyed hash, for every place that has ever held a fact: of two
who find the first one at the same time, the second is refused and looks again."""

MOST_SLOTS = 40
"""Names of slots that a model is told of."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Facts that were found, and the entries they were found in by id."""

    facts: tuple[Fact, ...] = ()
    sources: Mapping[str, MemoryEntry] | None = None


def heard(cm: ContextManager, drafts: Sequence[TurnDraft], before: Sequence[Turn]) -> Findings:
    """The facts that turns about to be stored state, by rules.

    Args:
        cm: The manager.
        drafts: The turns, in the order in which they were said.
        before: The turns before the first, which "scratch that" may refer to.
    """
    if cm.config.facts == "off":
        return Findings()
    sources = {draft.entry.id: draft.entry for turn in drafts for draft in turn.entries}
    turns = [*before, *(draft.turn for draft in drafts)]
    return _trusted(_extracted(turns), sources)


def _extracted(turns: Sequence[Turn]) -> list[Fact]:
    """The facts of turns; the rules are imported when they are first looked for."""
    from context_manager.memory.facts.extracting import extract_facts

    return extract_facts(turns)


def asked(cm: ContextManager, chunk: Sequence[Turn], sources: Sequence[MemoryEntry]) -> Findings:
    """The facts that a model finds in turns; none without a model, and none where it fails."""
    model = guarding.model_for_facts(cm)
    if model is None:
        return Findings()
    from context_manager.memory.facts.asking import ask_for_facts

    slots = cm.engine.facts(cm.scope.partition).slots()
    told = ask_for_facts(chunk, slots[-MOST_SLOTS:])
    extraction = run(told, guarding.guarded(cm, model).answer_sync)
    cm.engine.note_trouble(cm.scope.partition, guarding.FACTS, extraction.degraded)
    return _trusted(extraction.facts, {entry.id: entry for entry in sources})


def apply(cm: ContextManager, change: Change, found: Findings) -> Applied:
    """Store a change and with it the facts it brings, in one transaction.

    Raises:
        ConflictError: What the change itself expects is not so. Where others keep changing the
            same facts, the change is stored without its facts.
    """
    partition = cm.scope.partition
    for left in reversed(range(TRIES if found.facts else 0)):
        known = cm.engine.facts(partition)
        taught = _with_facts(cm, change, found, known)
        lines = _claims(cm, taught, known, insist=not left)
        try:
            return cm.archive.apply(partition, replace(taught, ledger=(*change.ledger, *lines)))
        except ConflictError:
            continue
    return cm.archive.apply(partition, change)


def correct(cm: ContextManager, fact_id: str, text: str, trust: Trust) -> str:
    """Put a text in a fact's place; see `ContextManager.correct`."""
    words = " ".join(clean_text(text).split())
    if not words:
        raise InputError("a fact needs a text; got nothing but white space")
    old = cm.get(fact_id)
    if old.kind != "fact":
        raise InputError(f"{fact_id!r} is a {old.kind}, not a fact")
    if old.superseded_by is not None:
        raise InputError(f"{fact_id!r} was replaced by {old.superseded_by!r}; correct that one")
    now = cm.clock()
    made = MemoryEntry(
        id=new_id("fact"),
        text=words,
        metadata=_corrected(old, words),
        timestamp=now,
        kind="fact",
        scope=cm.scope,
        trust=trust,
        importance=old.importance,
        valid_from=now,
    )
    entry = admitted(cm, made)
    change = Change(
        entries=(cm.archive.drafter.entry(entry),),
        updates=(EntryUpdate(old.id, {"superseded_by": entry.id, "valid_to": now}),),
        expect_entries=(old.id,),
    )
    cm.archive.apply(cm.scope.partition, change)
    cm.engine.forget_built()
    cm.embed_later()
    return entry.id


def history(cm: ContextManager, fact_id: str) -> list[MemoryEntry]:
    """What stood in a fact's place over time; see `ContextManager.history`."""
    found = cm.engine.facts(cm.scope.partition).history(fact_id)
    if not found:
        raise NotFoundError(f"no fact {fact_id!r} in this scope")
    return found


def strikes(cm: ContextManager, removed: Mapping[str, MemoryEntry]) -> tuple[tuple[str, str], ...]:
    """The lines of places that hold no fact any more when these entries are removed."""
    known = cm.engine.facts(cm.scope.partition)
    empty = [
        place
        for place, facts in known.of_place.items()
        if all(held.entry_id in removed for held in facts)
    ]
    return tuple((PLACES, _line(cm, place)) for place in empty)


def _claims(
    cm: ContextManager, change: Change, known: Facts, *, insist: bool
) -> Iterator[LedgerDraft]:
    """Lines for the places that get their first fact; ``insist`` writes over a line left behind."""
    held = (Held.of(draft.entry) for draft in change.entries if draft.entry.kind == "fact")
    places = dict.fromkeys(fact.fact.place for fact in held if fact is not None)
    for place in places:
        if place not in known.of_place:
            yield LedgerDraft(PLACES, _line(cm, place), "", replace=insist)


def _line(cm: ContextManager, place: Place) -> str:
    return cm.archive.drafter.digest("\0".join(place)).hex()


def _trusted(facts: Iterable[Fact], sources: Mapping[str, MemoryEntry]) -> Findings:
    """Without what was said elsewhere, or by what may not speak for anybody."""
    speaking = {
        entry.id
        for entry in sources.values()
        if entry.trust > Trust.EXTERNAL and QUARANTINED not in entry.metadata
    }
    kept = [fact for fact in facts if fact.source_ids and {*fact.source_ids} <= speaking]
    return Findings(tuple(kept), sources)


def _with_facts(cm: ContextManager, change: Change, found: Findings, known: Facts) -> Change:
    sources = found.sources or {}
    fresh = [
        fact
        for fact in found.facts
        if not known.knows(fact) and not _outranked(fact, sources, known)
    ]
    decided = reconcile(fresh, known.held(fact.place for fact in fresh))
    entries = [_entry(fact, sources) for fact in decided.added]
    updates = _endings(decided, entries)
    return replace(
        change,
        entries=(*change.entries, *map(cm.archive.drafter.entry, entries)),
        updates=(*change.updates, *updates),
        expect_entries=(*change.expect_entries, *(update.entry_id for update in updates)),
    )


def _outranked(fact: Fact, sources: Mapping[str, MemoryEntry], known: Facts) -> bool:
    """Whether the fact would end one that is trusted more than it is."""
    trust = min(sources[source].trust for source in fact.source_ids)
    return any(known.entries[held.entry_id].trust > trust for held in known.held([fact.place]))


def _entry(fact: Fact, sources: Mapping[str, MemoryEntry]) -> MemoryEntry:
    told = [sources[source] for source in fact.source_ids]
    return MemoryEntry(
        id=new_id("fact"),
        text=fact.text,
        metadata={"fact": fact.metadata()},
        timestamp=fact.said_at,
        kind="fact",
        scope=told[-1].scope,
        trust=min(entry.trust for entry in told),
        source_ids=fact.source_ids,
        valid_from=fact.said_at,
    )


def _endings(decided: Reconciled, entries: list[MemoryEntry]) -> list[EntryUpdate]:
    """Updates of known facts that have ended; new ones that have are changed in place."""
    updates = []
    for ended in decided.ended:
        by = entries[ended.by].id if ended.by >= 0 else None
        place = new_place(ended.entry_id)
        if place is None:
            fields = {"valid_to": ended.at, "superseded_by": by}
            updates.append(EntryUpdate(ended.entry_id, fields))
        else:
            entries[place] = replace(entries[place], valid_to=ended.at, superseded_by=by)
    return updates


def _corrected(old: MemoryEntry, text: str) -> dict[str, object]:
    """The metadata of a correction: the same place, and the value as far as rules see one."""
    held = Held.of(old)
    if held is None:
        return {}
    said = Turn(text, "", 0, 0.0)
    values = [f.value for f in _extracted([said]) if f.place[1] == held.fact.place[1]]
    fact = replace(
        held.fact,
        subject=held.fact.subject or USER,
        value=values[0] if values else text,
        confidence=1.0,
        negated=False,
    )
    return {"fact": fact.metadata()}

"""The facts of one partition in this process: which stand, which have ended, and what took their
place.

Decides what a statement that has changed is followed by where it is shown. It follows the store's
version, so a fact that another process ended has ended here too. It writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from context_manager.forks import ForkSafeLock
from context_manager.memory.facts.fact import Fact, Held, folded
from context_manager.records import MemoryEntry, Partition
from context_manager.store.protocol import EntryFilter, Store, Version

Place: TypeAlias = tuple[str, str]

SHORTEST = 3
"""Characters of a value from which on its occurrence in a summary tells of it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a partition as of one version.

    Args:
        entries: All of them by id, oldest first.
        of_source: Ids of the ended ones by the entry they were taken from.
        of_place: Those that fill a slot, by subject and slot, oldest first.
    """

    entries: Mapping[str, MemoryEntry] = field(default_factory=dict)
    of_source: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of_place: Mapping[Place, tuple[Held, ...]] = field(default_factory=dict)

    def standing(self, as_of: float | None = None) -> list[MemoryEntry]:
        """The facts that hold now, or held at a time."""
        return [entry for entry in self.entries.values() if _stands(entry, as_of)]

    def slots(self) -> list[str]:
        """Names of the slots in use, those first used last."""
        return list(dict.fromkeys(facts[0].fact.slot for facts in self.of_place.values()))

    def held(self, places: Iterable[Place]) -> list[Held]:
        """The facts that hold now in some places."""
        return [
            held
            for place in dict.fromkeys(places)
            for held in self.of_place.get(place, ())
            if _stands(self.entries[held.entry_id], None)
        ]

    def knows(self, fact: Fact) -> bool:
        """Whether this very statement was registered before, whatever became of it."""
        sources = {*fact.source_ids}
        return any(
            sources & {*held.fact.source_ids}
            and held.fact.negated == fact.negated
            and folded(held.fact.value) == folded(fact.value)
            for held in self.of_place.get(fact.place, ())
        )

    def history(self, fact_id: str) -> list[MemoryEntry]:
        """All that stood in a fact's place, as far as one led to the other, oldest first."""
        linked, waiting = {fact_id}, [fact_id]
        while waiting:
            here = waiting.pop()
            near = {e.id for e in self.entries.values() if e.superseded_by == here}
            entry = self.entries.get(here)
            if entry is not None and entry.superseded_by:
                near.add(entry.superseded_by)
            waiting += near - linked
            linked |= near
        found = [entry for entry in self.entries.values() if entry.id in linked]
        return sorted(found, key=lambda entry: entry.valid_from or entry.timestamp)

    def successor(self, entry: MemoryEntry, as_of: float | None = None) -> MemoryEntry | None:
        """What stands in the place of an ended fact, now or at a time; None if nothing does."""
        seen: set[str] = set()
        while entry.superseded_by and entry.id not in seen:
            seen.add(entry.id)
            following = self.entries.get(entry.superseded_by)
            if following is None:
                return None
            entry = following
            if _stands(entry, as_of):
                return entry
        return None

    def changed(self, entry_id: str, as_of: float | None = None) -> list[MemoryEntry]:
        """The facts that were taken from an entry and hold no more."""
        found = [self.entries[fact] for fact in self.of_source.get(entry_id, ())]
        return [entry for entry in found if not _stands(entry, as_of)]

    def told_of(self, text: str, as_of: float | None = None) -> list[MemoryEntry]:
        """The ended facts that a text tells of without telling of what took their place."""
        spoken = folded(text)
        ended = {fact for facts in self.of_source.values() for fact in facts}
        found = []
        for entry in (self.entries[fact] for fact in ended):
            following = self.successor(entry, as_of)
            told = following is not None and _names(spoken, following)
            if not told and not _stands(entry, as_of) and _names(spoken, entry):
                found.append(entry)
        return sorted(found, key=lambda entry: (entry.timestamp, entry.id))


class FactBook:
    """Follows the facts of one partition of a store.

    Args:
        store: Where they are.
        partition: Whose facts.
    """

    def __init__(self, store: Store, partition: Partition) -> None:
        self._store = store
        self._partition = partition
        self._lock = ForkSafeLock()
        self._version: Version | None = None
        self._last_key = 0
        self._entries: dict[str, MemoryEntry] = {}
        self._facts = Facts()

    def facts(self) -> Facts:
        """The facts as they are now."""
        with self._lock:
            version = self._store.version(self._partition)
            if version != self._version:
                if self._version is None or version.epoch != self._version.epoch:
                    self._last_key, self._entries = 0, {}
                self._read_on()
                self._version = version
            return self._facts

    def _read_on(self) -> None:
        where = EntryFilter(kinds=("fact",))
        fresh = self._store.find(self._partition, where, after=self._last_key)
        if not fresh and len(self._facts.entries) == len(self._entries):
            return
        self._last_key = max((key for key, _ in fresh), default=self._last_key)
        self._entries.update((entry.id, entry) for _, entry in fresh)
        entries = self._entries.values()
        self._facts = Facts(dict(self._entries), _by_source(entries), _by_place(entries))


def _by_source(entries: Iterable[MemoryEntry]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        if entry.superseded_by is not None or entry.valid_to is not None:
            for source in entry.source_ids:
                found[source] = (*found.get(source, ()), entry.id)
    return found


def _by_place(entries: Iterable[MemoryEntry]) -> dict[Place, tuple[Held, ...]]:
    found: dict[Place, list[Held]] = {}
    for held in map(Held.of, entries):
        if held is not None:
            found.setdefault(held.fact.place, []).append(held)
    return {place: tuple(facts) for place, facts in found.items()}


def _stands(entry: MemoryEntry, as_of: float | None) -> bool:
    if as_of is None:
        return entry.superseded_by is None and entry.valid_to is None
    began = entry.timestamp if entry.valid_from is None else entry.valid_from
    return began <= as_of and not (entry.valid_to is not None and entry.valid_to <= as_of)


def _names(spoken: str, entry: MemoryEntry) -> bool:
    """Whether a text, folded, names the value of a fact."""
    held = Held.of(entry)
    if held is None:
        return False
    slot = held.fact.place[1]
    value = slot.partition(":")[2] or folded(held.fact.value)
    return len(value) >= SHORTEST and bool(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", spoken))

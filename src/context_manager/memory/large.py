"""Memories too large for columns in every process: candidates from the store, ranked like all else.

Decides which memories these are and what is a candidate: what words and vectors promise most, what
was said around it, what is too new to be filed, and a sample. The sample stands for all that is not
read, so that means, deviations and shares are about those of the whole memory; how rare a word is,
and how long passages are, is known exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from context_manager.index.scanned import ScannedVectors
from context_manager.memory.ask import Ask
from context_manager.memory.columns import Columns
from context_manager.memory.snapshot import Snapshot
from context_manager.records import Kind, Partition
from context_manager.retrieval import Query, unpack_columns
from context_manager.retrieval.corpus import Whole
from context_manager.retrieval.shortlist import (
    PlacedTerm,
    invert,
    joined,
    pieced_places,
    placed,
    shortlist,
    terms_of,
    unheld,
    unpack_places,
)
from context_manager.store.finding import BLOCK, PLACE, Finder, Look, Narrowing, WordLists
from context_manager.store.protocol import PassageRow, Pending, Rows
from context_manager.store.table import Table

Keys = NDArray[np.int64]

ABOVE = 50_000
"""Entries of a memory from which on it is large, unless told otherwise."""

LOOSE = 4
"""Blocks that are read whole at most; a memory with more of them is not ready."""

WORDS = 200
"""Passages chosen by their words."""

VECTORS = 200
"""Passages chosen by their vectors."""

NARROW = 3000
"""Entries up to which all that a narrowing lets through are read."""

TURNS = 2
"""Turns before and after a candidate that are read with it: what was said there counts too."""

RUNS, LENGTH = 48, 12
"""The sample: so many runs of so many entries. In a run, neighbours are known."""

MOST_WAITING = 10_000
"""Passages looked at, at once, that wait for a vector."""

_EVERYTHING = 1 << 40


class LargeMemories:
    """Finds candidates in memories of more than so many entries.

    Args:
        finder: The store's.
        above: Entries from which on a memory is large.
        behind: Is told of a partition that has blocks to be filed.
    """

    def __init__(self, finder: Finder, above: int, behind: Callable[[Partition], object]) -> None:
        self._finder = finder
        self._above = above
        self._behind = behind

    def size(self, partition: Partition) -> int | None:
        """How many entries a large memory holds; None of one that is not."""
        size = self._finder.size(partition)
        return size if size > self._above else None

    def ready(self, partition: Partition, model: str) -> int | None:
        """How many entries a large memory holds of which so much is filed that candidates can be
        found; None of any other. Tells of what is due.
        """
        entries, due = self._finder.state(partition, model)
        if entries <= self._above or due is None:
            return None
        if due:
            self._behind(partition)
        return entries if due < LOOSE else None

    def waiting(self, partition: Partition, model: str) -> list[Pending]:
        """Passages without a vector of this model, oldest first."""
        return self._finder.waiting(partition, model, MOST_WAITING)

    def file(self, partition: Partition, model: str) -> bool:
        """File a part of what is due in a large memory; whether there may be more."""
        if self.size(partition) is None:
            return False
        return self._finder.file(partition, model, pack)

    def snapshot(self, ask: Ask, query: Query, model: str, dimension: int) -> Snapshot:
        """The candidates for a query, as ranking reads them."""
        narrowing = _narrowing(ask)
        chosen = self._finder.look(
            ask.scope.partition, model, lambda look: _choose(look, query, narrowing)
        )
        columns = Columns(dimension, ScannedVectors)
        columns.read(chosen.rows.entries, chosen.rows.passages)
        return columns.freeze(chosen.rows.version, chosen.whole)


def pack(places: Sequence[int], words: Sequence[bytes]) -> WordLists:
    """The words of the passages of a block, as a store files them."""
    inverted = invert(places, words)
    return WordLists(inverted.words, inverted.terms, inverted.held, inverted.packed)


@dataclass(frozen=True, slots=True)
class _Chosen:
    rows: Rows
    whole: Whole


def _choose(look: Look, query: Query, narrowing: Narrowing | None) -> _Chosen:
    """The rows of all candidates, and what is true of the memory that they are from."""
    loose = look.rows(look.loose())
    terms = _Terms(look, loose.passages)
    lists = terms.lists(terms_of(query))
    held = {term: len(found.places) for term, found in lists.items()}
    words = unheld(query, held)
    pieces = pieced_places(words, terms.lists({p for word in words for p in word.pieces}))
    narrow = None if narrowing is None else look.keys(narrowing, NARROW + 1)
    if narrow is not None and len(narrow) <= NARROW:
        core = np.asarray(narrow, dtype=np.int64)
    else:
        among = None if narrowing is None else np.asarray(look.keys(narrowing, _EVERYTHING))
        core = shortlist(query, lists, pieces, terms.passages, WORDS, among, PLACE) // PLACE
        if query.vector is not None:
            vector = query.vector.astype("<f4").tobytes()
            near = look.nearest(vector, VECTORS, narrowing)
            core = np.append(core, np.asarray(near, dtype=np.int64))
    core = np.unique(core)
    read = np.asarray(loose.entries.column("key"), dtype=np.int64)
    known = np.union1d(np.union1d(core, look.around(core.tolist(), TURNS)), read)
    sample = np.setdiff1d(look.spread(RUNS, LENGTH), known)
    rest = look.rows(np.setdiff1d(np.union1d(known, sample), read).tolist())
    rows = _together(loose, rest)
    pieced = {word.pieces: len(found) for word, found in zip(words, pieces, strict=True)}
    weights = _weights(rows, sample, look.entries())
    return _Chosen(rows, Whole(terms.passages, terms.length, held, pieced, weights))


class _Terms:
    """The places of terms, in what is filed and in what is loose.

    Args:
        look: Where it is.
        loose: The passages that are not filed.
    """

    def __init__(self, look: Look, loose: Table[PassageRow]) -> None:
        self._look = look
        self._places = np.asarray([row.entry_key * PLACE + row.ordinal for row in loose], np.int64)
        self._words = unpack_columns(loose.column("words"))
        filed = look.filed()
        self.passages = filed.passages + len(loose)
        words = filed.words + int(self._words.lengths.sum())
        self.length = words / max(self.passages, 1)

    def lists(self, terms: set[int]) -> dict[int, PlacedTerm]:
        """The places of each of these terms that any passage holds."""
        found: dict[int, list[PlacedTerm]] = {}
        for term, parts in self._look.lists([_signed(term) for term in terms]).items():
            for block, packed in parts:
                there = unpack_places(packed)
                moved = PlacedTerm(there.places + block * BLOCK * PLACE, there.counts)
                found.setdefault(term % (1 << 64), []).append(moved)
        for term, there in placed(self._places, self._words, terms).items():
            found.setdefault(term, []).append(there)
        return {term: joined(parts) for term, parts in found.items()}


def _weights(rows: Rows, sample: Keys, entries: int) -> NDArray[np.float32]:
    """For how many entries each row stands: the sample for all that was not read."""
    weights = np.ones(len(rows.entries), dtype=np.float32)
    sampled = np.isin(rows.entries.column("key"), sample)
    if sampled.any():
        weights[sampled] = (entries - np.count_nonzero(~sampled)) / np.count_nonzero(sampled)
    return weights


def _together(first: Rows, second: Rows) -> Rows:
    entries = sorted((*first.entries, *second.entries), key=lambda row: row.key)
    passages = sorted(
        (*first.passages, *second.passages), key=lambda row: (row.entry_key, row.ordinal)
    )
    return Rows(second.version, entries, passages)


def _narrowing(ask: Ask) -> Narrowing | None:
    """What narrows a query down to a part of the memory; what lets most of it through does not."""
    kinds: tuple[Kind, ...] | None = None
    if ask.kinds is not None and "message" not in ask.kinds:
        kinds = tuple(ask.kinds)  # type: ignore[arg-type]
    session = ask.scope.session_id if ask.recall == "session" else None
    task = ask.scope.task_id if ask.recall == "task" else None
    if session is None and task is None and kinds is None and ask.as_of is None:
        return None
    return Narrowing(session, task, kinds, ask.as_of)


def _signed(term: int) -> int:
    return term - (1 << 64) if term >= 1 << 63 else term

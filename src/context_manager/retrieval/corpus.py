"""The frozen columns that ranking reads: one row per passage, one row per entry.

This file decides shapes and derives the neighbour and size columns once per corpus; it must
not know about queries, nor how the index layer keeps or grows these arrays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from context_manager.index import Nearness
from context_manager.retrieval.neighbours import Surroundings

Rows: TypeAlias = NDArray[np.int32]
Floats: TypeAlias = NDArray[np.float32]

KIND_CODES: Final = {"message": 0, "summary": 1, "fact": 2, "note": 3, "document": 4, "pinned": 5}
ROLE_CODES: Final = {"": 0, "user": 1, "assistant": 2, "tool": 3, "system": 4}


class Postings(Protocol):
    """Inverted lists of one partition."""

    def rows(self, term: int) -> tuple[Rows, NDArray[np.uint8]]:
        """Return the ascending passage rows that hold a term hash, and its counts there.

        Both are empty when no passage holds it. The number of rows is the document frequency.
        """
        ...


@dataclass(frozen=True, slots=True)
class Entries:
    """Columns per entry, all of length e.

    Attributes:
        session: int32, any number that is equal for entries of one conversation, -1 for none.
        position: int64, order inside the session (turn and place); need not be dense.
        time: float64, seconds since 1970, NaN where unknown.
        kind: int8, by `KIND_CODES`.
        role: int8, by `ROLE_CODES`.
        trust: int8, higher is more trusted.
        importance: float32 in [0, 1], 0.5 is neutral.
        tokens: int32, cost of showing the entry whole, its speaker and line end included.
    """

    session: Rows
    position: NDArray[np.int64]
    time: NDArray[np.float64]
    kind: NDArray[np.int8]
    role: NDArray[np.int8]
    trust: NDArray[np.int8]
    importance: Floats
    tokens: Rows

    def __len__(self) -> int:
        return len(self.session)


@dataclass(frozen=True, slots=True)
class Whole:
    """What is true of a memory of which a corpus holds the candidates and a sample only.

    Attributes:
        passages: how many there are.
        length: mean words of a passage.
        held: how many passages hold a term; a term that is missing is held by none.
        pieced: how many passages hold enough pieces of a word, by the word's pieces.
        weights: float32 [e], for how many entries each of the corpus stands, itself included.
    """

    passages: int
    length: float
    held: Mapping[int, int]
    pieced: Mapping[tuple[int, ...], int]
    weights: Floats


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything ranking may look at, already narrowed to what the query may see.

    Passages of one entry stand together, in order; entries may stand in any order.

    Attributes:
        entries: columns per entry.
        entry: int32 [p], the entry row of each passage, ascending.
        length: float32 [p], words in the passage.
        tokens: int32 [p], cost of showing the passage alone.
        vectors: tell how near each passage is; None where there are none.
        postings: the word lists over passage rows.
        whole: what the corpus was chosen from; None where it is all there is.
        first: int32 [e], derived: the first passage of each entry.
        around: derived: which passages were said near which.
        continues: a corpus of which this one has all rows, where they were, and perhaps more
            behind them; what was derived of it is not derived anew. Only vectors may differ.
    """

    entries: Entries
    entry: Rows
    length: Floats
    tokens: Rows
    vectors: Nearness | None
    postings: Postings
    whole: Whole | None = None
    first: Rows = field(init=False)
    around: Surroundings = field(init=False)
    continues: InitVar["Corpus | None"] = None

    def __post_init__(self, continues: "Corpus | None") -> None:
        known = 0 if continues is None else len(continues.entries)
        first = np.searchsorted(self.entry, np.arange(known, len(self.entries))).astype(np.int32)
        if continues is not None:
            first = np.concatenate([continues.first, first]) if len(first) else continues.first
        object.__setattr__(self, "first", first)
        around = Surroundings() if continues is None else continues.around
        owners = self.entry[len(around) :]
        run = self.entries.session[owners]
        run = np.where(run < 0, -1 - owners, run)  # of no session: nothing was said around it
        around = around.extended(run, self.entries.position[owners])
        object.__setattr__(self, "around", around)

    @property
    def passages(self) -> int:
        """Number of passages."""
        return len(self.entry)

    @property
    def weights(self) -> Floats | None:
        """For how many entries each stands; None where each stands for itself."""
        return None if self.whole is None else self.whole.weights

    def population(self) -> tuple[int, float]:
        """Return how many passages the words were counted in, and their mean length."""
        if self.whole is not None:
            return self.whole.passages, self.whole.length
        return self.passages, float(self.length.mean()) if self.passages else 0.0

    def frequency(self, term: int) -> int:
        """Return how many passages hold a term."""
        if self.whole is not None:
            return self.whole.held.get(term, 0)
        return len(self.postings.rows(term)[0])

    def per_entry(self, values: Floats) -> Floats:
        """Return the highest passage value of each entry."""
        if self.passages == len(self.entries):
            return values
        best: Floats = np.maximum.reduceat(values, self.first)
        return best

    def sizes(self) -> Rows:
        """Return the number of passages of each entry."""
        ends = np.append(self.first, np.int32(self.passages))[1:]
        sizes: Rows = (ends - self.first).astype(np.int32)
        return sizes

    def best_passage(self, values: Floats, chosen: Rows) -> Rows:
        """Return the passage row with the highest value for each chosen entry, first among equals.

        Args:
            values: float32 [p].
            chosen: int32 [k] entry rows.
        """
        if self.passages == len(self.entries):
            return chosen
        sizes = self.sizes()[chosen]
        owner = np.repeat(np.arange(len(chosen)), sizes)
        starts = np.cumsum(sizes) - sizes
        rows = self.first[chosen][owner] + np.arange(len(owner)) - starts[owner]
        order = np.lexsort((rows, -values[rows], owner))
        best: Rows = rows[order][starts].astype(np.int32)
        return best


class ArrayPostings:
    """Postings kept as three arrays: distinct terms, where each list starts, and the lists.

    Built from the packed words of all passages at once; look-up is a binary search.
    """

    __slots__ = ("_counts", "_rows", "_starts", "_terms")

    def __init__(
        self, terms: Sequence[NDArray[np.uint64]], counts: Sequence[NDArray[np.uint8]]
    ) -> None:
        """Invert a forward index.

        Args:
            terms: per passage, its distinct term hashes.
            counts: per passage, the counts of those terms.
        """
        sizes = np.fromiter((len(t) for t in terms), dtype=np.int64, count=len(terms))
        flat = np.concatenate([*terms, np.zeros(0, np.uint64)])
        rows = np.repeat(np.arange(len(terms), dtype=np.int32), sizes)
        order = np.argsort(flat, kind="stable")
        self._terms, self._starts = np.unique(flat[order], return_index=True)
        self._starts = np.append(self._starts, len(flat))
        self._rows = rows[order]
        self._counts = np.concatenate([*counts, np.zeros(0, np.uint8)])[order]

    def rows(self, term: int) -> tuple[Rows, NDArray[np.uint8]]:
        """Return the passage rows that hold ``term``, ascending, and its counts."""
        at = int(np.searchsorted(self._terms, np.uint64(term)))
        if at == len(self._terms) or self._terms[at] != np.uint64(term):
            return self._rows[:0], self._counts[:0]
        span = slice(self._starts[at], self._starts[at + 1])
        return self._rows[span], self._counts[span]

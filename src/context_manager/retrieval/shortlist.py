"""Decides which passages of a memory too large to be ranked whole are worth it, by their words.

What is asked of a passage here is a part of what ranking asks: each term by itself, without the
length of the passage and what was said around it. It must choose well, not score well: whoever is
chosen is ranked by the one formula in `rank`. Passages are places here, any numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from context_manager.retrieval.corpus import Floats
from context_manager.retrieval.cues import NUMBER, STANDING, TIME
from context_manager.retrieval.indexed import WordColumns, unpack_columns
from context_manager.retrieval.lexical import K1, pieced, rarity
from context_manager.retrieval.query import Query, QueryWord
from context_manager.retrieval.rank import WEIGHTS

Places: TypeAlias = NDArray[np.int64]

_PLACE: Final = np.dtype("<u4")


@dataclass(frozen=True, slots=True)
class PlacedTerm:
    """The passages that hold one term.

    Attributes:
        places: int64 [n], ascending.
        counts: uint8 [n], how often each holds it.
    """

    places: Places
    counts: NDArray[np.uint8]


NOWHERE: Final = PlacedTerm(np.zeros(0, np.int64), np.zeros(0, np.uint8))


@dataclass(frozen=True, slots=True)
class Inverted:
    """The words of some passages, term by term, as a store keeps them.

    Attributes:
        words: words of all passages together.
        terms: int64 [t], distinct; the hashes as signed numbers.
        held: by term, how many passages hold it.
        packed: by term, the places and counts, see `unpack_places`.
    """

    words: int
    terms: list[int]
    held: list[int]
    packed: list[bytes]


def invert(places: Sequence[int], packed: Sequence[bytes]) -> Inverted:
    """Return the words of passages term by term.

    Args:
        places: of each passage, ascending, below 2**32.
        packed: the words of each, by `indexed.pack_words`.
    """
    columns = unpack_columns(packed)
    owners = np.repeat(np.asarray(places, dtype=_PLACE), columns.sizes)
    order = np.argsort(columns.terms, kind="stable")
    owners, counts = owners[order], columns.counts[order]
    terms, starts = np.unique(columns.terms[order], return_index=True)
    bounds = np.append(starts, len(owners)).tolist()
    spans = [slice(start, end) for start, end in pairwise(bounds)]
    return Inverted(
        words=int(columns.lengths.sum()),
        terms=terms.view(np.int64).tolist(),
        held=np.diff(bounds).tolist(),
        packed=[owners[span].tobytes() + counts[span].tobytes() for span in spans],
    )


def unpack_places(packed: bytes) -> PlacedTerm:
    """Return what `invert` packed for one term."""
    size = len(packed) // (_PLACE.itemsize + 1)
    places = np.frombuffer(packed, dtype=_PLACE, count=size)
    counts = np.frombuffer(packed, dtype=np.uint8, offset=_PLACE.itemsize * size)
    return PlacedTerm(places.astype(np.int64), counts)


def placed(places: Places, words: WordColumns, terms: Iterable[int]) -> dict[int, PlacedTerm]:
    """Return the places of some terms among passages.

    Args:
        places: int64 [p], ascending.
        words: of those passages.
        terms: what is looked for; those that no passage holds are left out.
    """
    wanted = np.fromiter(terms, dtype=np.uint64)
    held = np.isin(words.terms, wanted)
    owners = np.repeat(places, words.sizes)[held]
    found, counts = words.terms[held], words.counts[held]
    return {
        int(term): PlacedTerm(owners[found == term], counts[found == term])
        for term in np.unique(found)
    }


def joined(parts: Sequence[PlacedTerm]) -> PlacedTerm:
    """Return the places of one term, out of lists that follow each other."""
    return PlacedTerm(
        np.concatenate([part.places for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )


def terms_of(query: Query) -> set[int]:
    """Return every term whose places decide, but for the pieces of words that nobody wrote."""
    terms = {term for word in query.words for term in (*word.terms, word.speaker)}
    return terms | {query.cues[mark] for mark in _marks(query)}


def unheld(query: Query, held: Mapping[int, int]) -> tuple[QueryWord, ...]:
    """Return the words of which no passage holds a term, so that their pieces are looked up."""
    return tuple(word for word in query.words if not any(held.get(t) for t in word.terms))


def pieced_places(words: Iterable[QueryWord], lists: Mapping[int, PlacedTerm]) -> list[Places]:
    """Return, for each word, the places that hold enough of its pieces."""
    return [
        pieced([lists.get(piece, NOWHERE).places for piece in word.pieces])[0]
        if word.pieces
        else NOWHERE.places
        for word in words
    ]


def shortlist(
    query: Query,
    lists: Mapping[int, PlacedTerm],
    pieces: Sequence[Places],
    passages: int,
    most: int,
    among: Places | None = None,
    per_entry: int = 1,
) -> Places:
    """Return the places whose terms promise most.

    Args:
        query: what is looked for.
        lists: the places of each term of `terms_of`.
        pieces: of each word that nobody wrote, the places with enough of its pieces.
        passages: how many there are.
        most: places at most.
        among: int64, the only entries that matter; None means all.
        per_entry: places that each entry has.
    """
    found = [part.places for part in lists.values()] + list(pieces)
    places = np.unique(np.concatenate([NOWHERE.places, *found]))
    words = np.zeros(len(places), dtype=np.float32)
    for term in {term for word in query.words for term in word.terms}:
        part = lists.get(term, NOWHERE)
        scale = (K1 + 1) * rarity(len(part.places), passages)
        words[np.searchsorted(places, part.places)] += scale * part.counts / (part.counts + K1)
    for some in pieces:
        words[np.searchsorted(places, some)] += rarity(len(some), passages)
    scores = WEIGHTS["words"] * _standardised(words, passages)
    for mark in _marks(query):
        scores[np.searchsorted(places, lists.get(query.cues[mark], NOWHERE).places)] += WEIGHTS[
            _COLUMN[mark]
        ]
    speakers = {word.speaker for word in query.words if word.speaker in lists}
    if len(speakers) == 1:
        scores[np.searchsorted(places, lists[speakers.pop()].places)] += WEIGHTS["speaker"]
    if among is not None:
        kept = np.isin(places // per_entry, among)
        places, scores = places[kept], scores[kept]
    if len(places) <= most:
        return places
    best: Places = np.sort(places[np.argpartition(-scores, most)[:most]])
    return best


_COLUMN: Final[Mapping[str, str]] = {TIME: "time", NUMBER: "number", STANDING: "standing"}


def _marks(query: Query) -> list[str]:
    asked = {TIME: query.asked.time, NUMBER: query.asked.number, STANDING: True}
    return [mark for mark, wanted in asked.items() if wanted]


def _standardised(words: Floats, passages: int) -> Floats:
    """Return scores over their deviation, where all passages that are not here have 0."""
    mean = float(words.sum()) / max(passages, 1)
    spread = float(np.square(words).sum()) / max(passages, 1) - mean**2
    scaled: Floats = words / np.float32(np.sqrt(max(spread, 1e-9)))
    return scaled

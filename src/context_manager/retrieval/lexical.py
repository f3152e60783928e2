"""Decides how well the words of a passage match the words of a query.

BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) over keyed term
hashes, with three additions. A word said nearby counts too, fading with the distance, but a
word counts only once however often it is said around: what is summed over the words of the
query is, for each word, its best occurrence nearby. A query word that no passage holds is
looked up by its four-letter pieces. The parts of an identifier count like words of their own.
Must not know about vectors or what the words are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from context_manager.retrieval.corpus import Corpus, Floats, Rows
from context_manager.retrieval.query import QueryWord

K1: Final = 1.2
B: Final = 0.3
FADE: Final = 0.7
"""How much less a word counts for each passage between it and the one scored."""

PIECES_NEEDED: Final = 0.5
"""Share of a word's pieces that must stand together in a passage to stand in for the word."""


@dataclass(frozen=True, slots=True)
class WordScores:
    """Result of looking up the words of a query.

    Attributes:
        passages: float32 [p], the BM25 sum of each passage itself; 0 where no word matches.
        nearby: float32 [p], the same with the words said nearby.
        possible: the sum a passage would reach that held every word of the query often.
    """

    passages: Floats
    nearby: Floats
    possible: float

    def share(self, scores: Floats) -> float:
        """Return the highest of some scores as a share of what is possible, in [0, 1]."""
        return float(scores.max()) / self.possible if len(scores) and self.possible else 0.0


def word_scores(corpus: Corpus, words: Sequence[QueryWord], among: int = 0) -> WordScores:
    """Return how well each passage matches the words.

    Args:
        corpus: what is looked at.
        words: what is looked for.
        among: passages that a word's rarity is reckoned among at least; those there are if more.
    """
    own = np.zeros(corpus.passages, dtype=np.float32)
    nearby = np.zeros(corpus.passages, dtype=np.float32)
    norm = _length_norm(corpus)
    possible = 0.0
    for word in words:
        matches = _matches(corpus, word, norm, among)
        for rows, values in matches:
            own[rows] += values
            nearby += corpus.around.strongest(rows, values, FADE)
        possible += _weight(corpus, word, among)
    return WordScores(own, corpus.around.by_row(nearby), possible)


def _length_norm(corpus: Corpus) -> Floats:
    average = max(corpus.population()[1], 1.0)
    norm: Floats = (K1 * (1 - B + B * corpus.length / average)).astype(np.float32)
    return norm


def rarity(frequency: int, passages: int) -> float:
    """Return the inverse document frequency, never negative."""
    return float(np.log1p((passages - frequency + 0.5) / (frequency + 0.5)))


def _weight(corpus: Corpus, word: QueryWord, among: int) -> float:
    """Return what a passage could gain from a word, as if it held all its terms very often."""
    passages = max(corpus.population()[0], among)
    held = [corpus.frequency(term) for term in word.terms]
    rarities = [rarity(frequency, passages) for frequency in held if frequency]
    return (K1 + 1) * (sum(rarities) or rarity(0, passages))


def _matches(
    corpus: Corpus, word: QueryWord, norm: Floats, among: int
) -> list[tuple[Rows, Floats]]:
    """Return the rows and BM25 values of each term of a word, or else of its pieces."""
    passages = max(corpus.population()[0], among)
    found = []
    for term in word.terms:
        rows, counts = corpus.postings.rows(term)
        if len(rows):
            scale = np.float32((K1 + 1) * rarity(corpus.frequency(term), passages))
            found.append((rows, (scale * counts / (counts + norm[rows])).astype(np.float32)))
    if found or any(map(corpus.frequency, word.terms)):
        return found
    return _piece_matches(corpus, word, passages)


def _piece_matches(corpus: Corpus, word: QueryWord, passages: int) -> list[tuple[Rows, Floats]]:
    """Return passages that hold enough of the pieces of a word nobody wrote as it stands."""
    if not word.pieces:
        return []
    rows, share = pieced([corpus.postings.rows(piece)[0] for piece in word.pieces])
    known = corpus.whole.pieced.get(word.pieces) if corpus.whole else None
    frequency = len(rows) if known is None else known
    return [(rows, (rarity(frequency, passages) * share).astype(np.float32))]


def pieced(lists: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return what stands in enough of these lists, one for each piece of a word, and its share."""
    rows, held = np.unique(np.concatenate(lists), return_counts=True)
    share = held / len(lists)
    return rows[share >= PIECES_NEEDED], share[share >= PIECES_NEEDED]

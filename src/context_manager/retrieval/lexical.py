"""Decides how well the words of a passage match the words of a query.

BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) over keyed term
hashes, with two additions: a query word that no passage holds is looked up by its four-letter
pieces, and the parts of an identifier share the weight of one word. Must not know about
vectors, sessions or what the words are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from context_manager.retrieval.corpus import Corpus, Floats, Postings, Rows
from context_manager.retrieval.query import Query, QueryWord

K1: Final = 1.2
B: Final = 0.3
PIECES_NEEDED: Final = 0.5
"""Share of a word's pieces that must stand together in a passage to stand in for the word."""


@dataclass(frozen=True, slots=True)
class WordScores:
    """Result of looking up the words of a query.

    Attributes:
        passages: float32 [p], the BM25 sum; 0 where no word matches.
        coverage: share of the query's total word weight that some passage of the corpus holds,
            in [0, 1]; 0 for a query without words.
    """

    passages: Floats
    coverage: float


def word_scores(corpus: Corpus, query: Query) -> WordScores:
    """Return how well each passage matches the query's words."""
    scores = np.zeros(corpus.passages, dtype=np.float32)
    norm = _length_norm(corpus)
    found = total = 0.0
    for word in query.words:
        rare = _rarity(0, corpus.passages)
        weights = [_add(scores, corpus, term, norm) for term in word.terms]
        held = [weight for weight in weights if weight]
        if not held:
            _add_pieces(scores, corpus, word)
        found += max(held, default=0.0)
        total += max(held, default=rare)
    return WordScores(scores, found / total if total else 0.0)


def _length_norm(corpus: Corpus) -> Floats:
    average = max(float(corpus.length.mean()), 1.0) if corpus.passages else 1.0
    norm: Floats = (K1 * (1 - B + B * corpus.length / average)).astype(np.float32)
    return norm


def _rarity(frequency: int, passages: int) -> float:
    """Inverse document frequency, never negative."""
    return float(np.log1p((passages - frequency + 0.5) / (frequency + 0.5)))


def _add(scores: Floats, corpus: Corpus, term: int, norm: Floats) -> float:
    rows, counts = corpus.postings.rows(term)
    if not len(rows):
        return 0.0
    rarity = _rarity(len(rows), corpus.passages)
    scores[rows] += np.float32(rarity * (K1 + 1)) * (counts / (counts + norm[rows]))
    return rarity


def _add_pieces(scores: Floats, corpus: Corpus, word: QueryWord) -> None:
    """Score passages that hold enough of the pieces of a word nobody wrote as it stands."""
    if not word.pieces:
        return
    rows, held = _piece_counts(corpus.postings, word.pieces)
    share = held / len(word.pieces)
    enough = share >= PIECES_NEEDED
    rows, share = rows[enough], share[enough]
    scores[rows] += np.float32(_rarity(len(rows), corpus.passages)) * share


def _piece_counts(postings: Postings, pieces: tuple[int, ...]) -> tuple[Rows, Floats]:
    lists = [postings.rows(piece)[0] for piece in pieces]
    rows, held = np.unique(np.concatenate(lists), return_counts=True)
    return rows, held.astype(np.float32)

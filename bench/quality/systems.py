"""What is compared: the package as it comes, and four simple baselines on the same memory.

The package is asked through its public calls alone. A baseline ranks the messages in its own way
and fills the same prompt (same fence, headings, budget and counter) in that order, so that only
the choice differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from context_manager import ContextManager, MemoryEntry
from context_manager.context import Piece, Plan, account, input_piece, memory_pieces, pack
from context_manager.memory.drafting import label
from context_manager.records import Hit
from context_manager.retrieval import parse
from context_manager.retrieval.lexical import word_scores
from context_manager.store.protocol import EntryFilter

Scores = NDArray[np.float64]
RRF_K = 60
FRAME = 30
"""Tokens of the section's heading and fence, at most."""
LEAST_LINE = 8
"""Tokens below which hardly a message lies: bounds how many messages are tried."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system gave for a question.

    Attributes:
        prompt: the whole text.
        tokens: its tokens.
        shown: ids of the entries that stand in it, whole or in part.
    """

    prompt: str
    tokens: int
    shown: frozenset[str]


class Conversation:
    """One user's memory, and what the baselines read of it.

    Args:
        manager: scoped to the user.
    """

    def __init__(self, manager: ContextManager) -> None:
        self.manager = manager
        self._count = cache(manager.count)
        found = manager.archive.store.find(manager.scope.partition, EntryFilter())
        self.entries = [entry for _, entry in found if entry.kind == "message"]
        self.snapshot = manager.archive.snapshot(manager.scope.partition)
        row = {entry_id: at for at, entry_id in enumerate(self.snapshot.ids)}
        self.rows = np.array([row[entry.id] for entry in self.entries])

    def ours(self, question: str, budget: int, session: str) -> Answer:
        """The package, by `build` in a new session of the same user."""
        context = self.manager.scoped(session_id=session).build(question, budget=budget)
        shown = frozenset(slot.entry_id for slot in context.slots if slot.entry_id)
        return Answer(context.text, context.tokens, shown)

    def baselines(
        self, order: Sequence[MemoryEntry], question: str, budgets: Sequence[int]
    ) -> list[Answer]:
        """Prompts of each budget, filled with messages in the order given."""
        most = max(budgets) // LEAST_LINE
        hits = [
            Hit(entry, 0.5**rank, {}, 0, len(entry.text))  # what is over goes from the end
            for rank, entry in enumerate(order[:most])
        ]
        pieces = memory_pieces(hits, lambda h: label(h.entry), self._count)
        return [
            self._filled(pieces[: budget // LEAST_LINE], question, budget) for budget in budgets
        ]

    def _filled(self, pieces: tuple[Piece, ...], question: str, budget: int) -> Answer:
        plan = Plan(input=input_piece(question), memories=pieces)
        packed = pack(plan, budget, self.manager.token_counter.prefix_counts, _in_order)
        slots, _ = account(packed)
        shown = frozenset(slot.entry_id for slot in slots if slot.entry_id)
        return Answer("".join(packed.parts), packed.totals[-1], shown)

    def ranked(self, name: str, question: str) -> list[MemoryEntry]:
        """All messages in the order of a baseline, best first."""
        scores = _BASELINES[name](self, question)
        return [self.entries[at] for at in np.argsort(-scores, kind="stable")]

    def words(self, question: str) -> Scores:
        """The word index alone."""
        query = parse(question, key=self.manager.archive.secret)
        corpus = self.snapshot.corpus
        scores = corpus.per_entry(word_scores(corpus, query.words).passages)
        return np.asarray(scores[self.rows], np.float64)

    def vectors(self, question: str) -> Scores:
        """The vectors alone."""
        vector = self.manager.embedding_provider.embed_single(question)
        corpus = self.snapshot.corpus
        return np.asarray(corpus.per_entry(corpus.vectors.cosines(vector))[self.rows], np.float64)

    def fused(self, question: str) -> Scores:
        """Reciprocal rank fusion of the two, with the usual constant of 60."""
        ranks = [
            np.argsort(np.argsort(-scores, kind="stable"), kind="stable")
            for scores in (self.words(question), self.vectors(question))
        ]
        return sum((1.0 / (RRF_K + 1 + rank) for rank in ranks), np.zeros(len(self.rows)))

    def newest(self, _question: str) -> Scores:
        """The latest messages."""
        return np.arange(len(self.rows), dtype=np.float64)


_BASELINES: dict[str, Callable[[Conversation, str], Scores]] = {
    "last messages": Conversation.newest,
    "words alone": Conversation.words,
    "vectors alone": Conversation.vectors,
    "plain RRF": Conversation.fused,
}
BASELINES = tuple(_BASELINES)


def _in_order(pieces: Sequence[Piece], budget: int) -> list[Piece]:
    """Every piece, in order, that still fits by its estimated cost; headings are counted later.

    One that does not fit is passed over, as the package does: a long message must not end a list.
    Room is left for the frame, so that nothing that was chosen must be dropped again.
    """
    chosen, used = [], FRAME
    groups: set[str] = set()
    for piece in pieces:
        cost = piece.tokens + (8 if piece.group not in groups else 0)
        if used + cost <= budget:
            used += cost
            groups.add(piece.group)
            chosen.append(piece)
    return chosen

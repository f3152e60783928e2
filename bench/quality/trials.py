"""Questions measured once, column by column, so that trials of weights take a second.

A trial scores the entries by some weights, ranks them and fills budgets by the package's own
selection, with the tokens that the store keeps for each passage. Frame and headings are estimated
here; the exact figures come from `python -m bench.quality`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from context_manager import ContextManager, MemoryEntry
from context_manager.context.pieces import day
from context_manager.evaluation.benchmarks import Question
from context_manager.manager.building import RANKED_KINDS
from context_manager.memory.snapshot import Snapshot
from context_manager.retrieval import Candidate, parse, select
from context_manager.retrieval.calibrate import Evidence
from context_manager.retrieval.features import columns_of
from context_manager.store.protocol import EntryFilter

Floats = NDArray[np.float32]
BUDGETS = (500, 1000, 2000, 4000)
FRAME = 32
"""Tokens of headings and fences around memories and input, about."""
HEADING = 8
CANDIDATES = 333


class Chat:
    """One conversation, laid out for trials.

    Args:
        manager: scoped to the user.
        name: of the conversation.
    """

    def __init__(self, manager: ContextManager, name: str) -> None:
        self.manager = manager
        self.name = name
        partition = manager.scope.partition
        self.snapshot: Snapshot = manager.archive.snapshot(partition)
        self.eligible = self.snapshot.eligible(manager.scope, "user", 4e9, RANKED_KINDS)
        entries = {e.id: e for _, e in manager.archive.store.find(partition, EntryFilter())}
        self.entries = [entries[entry_id] for entry_id in self.snapshot.ids]
        self.row_of = {_named(entry): row for row, entry in enumerate(self.entries)}
        self.groups = [f"[{day(entry.timestamp)}]" for entry in self.entries]
        self.whole = self.snapshot.counts == 1
        self._vectors: dict[str, Floats] = {}

    def vector(self, text: str) -> Floats:
        """The question's vector, embedded once."""
        if text not in self._vectors:
            self._vectors[text] = self.manager.embedding_provider.embed_single(text)
        return self._vectors[text]


@dataclass(frozen=True, slots=True)
class Measured:
    """A question and what was measured of every entry for it.

    Args:
        question: The question.
        chat: Whose entries; another conversation than the question's own for strange questions.
        gold: Rows of the evidence, empty where there is none.
        names: Of the columns.
        columns: float32 [entries, columns].
        shown: int32 [entries], the passage that would be shown of each.
        evidence: What speaks for the conversation answering.
    """

    question: Question
    chat: Chat
    gold: tuple[int, ...]
    names: tuple[str, ...]
    columns: Floats
    shown: NDArray[np.int32]
    evidence: Evidence


def measure(chat: Chat, question: Question) -> Measured:
    """A question measured over a conversation, its own or another."""
    vector = chat.vector(question.text)
    query = parse(question.text, key=chat.manager.archive.secret, vector=vector)
    corpus = chat.snapshot.corpus
    features = columns_of(corpus, query, None, chat.eligible)
    names = tuple(features.columns)
    rows = np.arange(len(chat.entries), dtype=np.int32)
    own = question.conversation == chat.name
    gold = tuple(chat.row_of[g] for g in question.gold if own and g in chat.row_of)
    columns = np.stack([features.columns[name] for name in names], axis=1)
    shown = corpus.best_passage(features.passages, rows)
    return Measured(question, chat, gold, names, columns, shown, features.evidence)


def measure_all(chats: Mapping[str, Chat], questions: Iterable[Question]) -> list[Measured]:
    """All answerable questions measured over their own conversations."""
    measured = (measure(chats[q.conversation], q) for q in questions if q.answerable)
    return [one for one in measured if one.gold]


def figures(measured: Measured, scores: Floats, budgets: Sequence[int] = BUDGETS) -> dict[str, Any]:
    """R@10, and recall at each budget, of one question by these scores."""
    chat, gold = measured.chat, set(measured.gold)
    ranked = np.flatnonzero(chat.eligible)
    ranked = ranked[np.argsort(-scores[ranked], kind="stable")[:CANDIDATES]]
    found: dict[str, Any] = {"R@10": len(gold.intersection(ranked[:10].tolist())) / len(gold)}
    tokens = chat.snapshot.corpus.tokens[measured.shown[ranked]]
    candidates = [
        Candidate(0.0, int(cost), chat.groups[row], HEADING, None)
        for row, cost in zip(ranked.tolist(), tokens, strict=True)
    ]
    room = FRAME + len(measured.question.text) // 4
    for budget in budgets:
        taken = {int(ranked[place]) for place in select(candidates, budget - room)}
        found[str(budget)] = sum(row in taken and chat.whole[row] for row in gold) / len(gold)
    return found


def fitted(
    all_measured: Sequence[Measured],
    start: Floats,
    *,
    columns: Sequence[int] | None = None,
    steps: int = 100,
    ridge: float = 1e-3,
) -> Floats:
    """Weights learned under a softmax loss over the entries, both data sets weighing the same.

    Args:
        all_measured: Questions to learn from.
        start: Weights to start at, one per column.
        columns: Columns that may have a weight; the others have 0.
        steps: Of gradient descent (Adam, Kingma and Ba 2015).
        ridge: Pull towards 0.
    """
    free = np.zeros(len(start), np.float32)
    free[list(range(len(start)) if columns is None else columns)] = 1
    weights = start * free
    counts = {
        kind: sum(m.question.dataset == kind for m in all_measured)
        for kind in {m.question.dataset for m in all_measured}
    }
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps + 1):
        slope = ridge * weights
        for one in all_measured:
            slope = slope + _slope(one, weights) / counts[one.question.dataset]
        slope = slope * free
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        size = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        weights = (weights - 0.1 * size).astype(np.float32)
    return weights


def _slope(one: Measured, weights: Floats) -> Floats:
    scores = one.columns @ weights
    chance = np.exp(scores - scores.max())
    chance *= one.chat.eligible
    chance /= chance.sum()
    chance[list(one.gold)] -= 1.0 / len(one.gold)
    slope: Floats = (chance @ one.columns).astype(np.float32)
    return slope


def folds(names: Iterable[str], parts: int = 5) -> list[frozenset[str]]:
    """The conversations in parts of both data sets, to leave one part out at a time."""
    found: list[set[str]] = [set() for _ in range(parts)]
    by_kind: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        by_kind.setdefault(name[:4], []).append(name)
    for members in by_kind.values():
        for place, name in enumerate(members):
            found[place * parts // len(members)].add(name)
    return [frozenset(part) for part in found]


def left_out(
    all_measured: Sequence[Measured], learn: Callable[[Sequence[Measured]], Floats]
) -> dict[str, Floats]:
    """Weights for each conversation, learned from questions to conversations of other parts."""
    weights: dict[str, Floats] = {}
    for part in folds(m.chat.name for m in all_measured):
        learned = learn([m for m in all_measured if m.chat.name not in part])
        weights |= dict.fromkeys(part, learned)
    return weights


def _named(entry: MemoryEntry) -> str:
    return str(entry.metadata.get("dia_id", entry.metadata.get("id", entry.id)))

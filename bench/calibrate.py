"""Fit the constants of `retrieval.calibrate` again and print them, with how well they hold.

    python -m bench.calibrate DATA... [--store FILE.db]

Every answerable question is asked of its own conversation and of another one of its kind; the
unanswerable ones of the data are asked too. Questions between people name a speaker, which those
of one user to an assistant do not, so each of them is asked once more with the names replaced by
"I" and "my friend". All kinds weigh as the table below says. Figures come from conversations that
the fit had not seen.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.quality.__main__ import open_memory, remember
from bench.quality.trials import Chat, Measured, folds, measure
from context_manager.evaluation.benchmarks import Question, read_questions
from context_manager.evaluation.measures import auroc
from context_manager.retrieval.rank import WEIGHTS

Matrix = NDArray[np.float64]

WEIGHING: Mapping[tuple[str, str], float] = {
    ("locomo", "own"): 0.25,
    ("locomo", "wrong"): 0.125,
    ("locomo", "unanswerable"): 0.125,
    ("no names", "own"): 0.25,
    ("no names", "wrong"): 0.25,
    ("beam", "own"): 0.5,
    ("beam", "wrong"): 0.3,
    ("beam", "unanswerable"): 0.1,
}
"""How much each kind of question counts: answerable as much as not, both data sets alike; the few
unanswerable questions of BEAM are not allowed to decide."""

BEST = 60
"""Entries of each question that the curve of relevance is fitted on."""

RIDGE = 0.01


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked of a conversation.

    Args:
        kind: Data set, or "no names".
        outcome: "own", "wrong" or "unanswerable".
        measured: What was measured.
    """

    kind: str
    outcome: str
    measured: Measured


def main(arguments: Sequence[str]) -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibrate", description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--store", type=Path)
    given = parser.parse_args(arguments)
    root = open_memory(given.store)
    remember(root, given.data)
    questions = [q for path in given.data for q in read_questions(path)]
    names = dict.fromkeys(q.conversation for q in questions)
    chats = {name: Chat(root.scoped(user_id=name), name) for name in names}
    asked = list(_ask(chats, questions))
    root.close()
    for vectors in (True, False):
        print(f"\n{'with' if vectors else 'without'} vectors: likeness, coverage, lead, constant")
        _fit_answered(asked, vectors)
        _fit_relevant(asked, vectors)


def without_names(text: str, speakers: Sequence[str]) -> str:
    """A question with the speakers' names replaced, as one would ask an assistant."""
    named = sorted((n for n in speakers if re.search(rf"\b{n}\b", text)), key=text.find)
    for place, name in enumerate(named):
        own, who = ("my", "I") if place == 0 else ("my friend's", "my friend")
        text = re.sub(rf"\b{name}\b", who, re.sub(rf"\b{name}'s\b", own, text))
    return text


def _ask(chats: Mapping[str, Chat], questions: Sequence[Question]) -> Iterator[Asked]:
    for number, question in enumerate(questions):
        chat = chats[question.conversation]
        others = [c for name, c in chats.items() if name[:4] == chat.name[:4] and c is not chat]
        other = others[number % len(others)]
        own = measure(chat, question)
        if not question.answerable:
            yield Asked(question.dataset, "unanswerable", own)
        elif own.gold:
            yield Asked(question.dataset, "own", own)
            yield Asked(question.dataset, "wrong", measure(other, question))
            if question.dataset == "locomo":
                speakers = sorted({entry.name for entry in chat.entries if entry.name})
                plain = replace(question, text=without_names(question.text, speakers))
                yield Asked("no names", "own", measure(chat, plain))
                yield Asked("no names", "wrong", measure(other, plain))


def _fit_answered(asked: Sequence[Asked], vectors: bool) -> None:
    """The curve of answerability: its constants, AUROC and covered shares."""
    evidence = np.array([_evidence(one.measured, vectors) for one in asked])
    target = np.array([one.outcome == "own" for one in asked], float)
    weight = _weights(asked)
    unseen = _unseen(
        [one.measured.question.conversation for one in asked], evidence, target, weight
    )
    print("answered", _logistic(evidence, target, weight).round(1).tolist())
    for kind, outcome in WEIGHING:
        here = [i for i, one in enumerate(asked) if (one.kind, one.outcome) == (kind, outcome)]
        own = [i for i, one in enumerate(asked) if (one.kind, one.outcome) == (kind, "own")]
        area = "" if outcome == "own" else f"AUROC {auroc(unseen[own], unseen[here]):.3f}"
        print(f"  {kind}, {outcome}: {(unseen[here] > 0).mean():.2f} covered {area}")


def _fit_relevant(asked: Sequence[Asked], vectors: bool) -> None:
    """The curve of relevance over the best entries: its constants, and predicted against true."""
    used = [one for one in asked if one.outcome != "unanswerable"]
    blocks = [_entries(one.measured, vectors) for one in used]
    evidence = np.concatenate([block[0] for block in blocks])
    target = np.concatenate([block[1] for block in blocks])
    weight = np.repeat(_weights(used), [len(block[1]) for block in blocks])
    chats = [
        one.measured.question.conversation
        for one, block in zip(used, blocks, strict=True)
        for _ in block[1]
    ]
    unseen = 1 / (1 + np.exp(-_unseen(chats, evidence, target, weight)))
    print("relevant, share first", _logistic(evidence, target, weight).round(1).tolist())
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)):
        inside = (unseen >= low) & (unseen <= high)
        if inside.any():
            said, true = (np.average(v[inside], weights=weight[inside]) for v in (unseen, target))
            print(f"  said {said:.2f}, true {true:.2f} of {int(inside.sum())} entries")


def _evidence(measured: Measured, vectors: bool) -> list[float]:
    found = measured.evidence
    likeness = [found.likeness or 0.0] if vectors else []
    return [*likeness, found.coverage, found.speaker_lead, 1.0]


def _entries(measured: Measured, vectors: bool) -> tuple[Matrix, NDArray[np.float64]]:
    """Log share and evidence of the best entries, and whether each is gold."""
    weights = np.array([WEIGHTS.get(name, 0.0) for name in measured.names], np.float32)
    scores = (measured.columns @ weights)[measured.chat.eligible].astype(np.float64)
    rows = np.flatnonzero(measured.chat.eligible)
    share = scores - scores.max() - np.log(np.exp(scores - scores.max()).sum())
    best = np.argsort(-scores, kind="stable")[:BEST]
    evidence = np.tile(_evidence(measured, vectors), (len(best), 1))
    return np.column_stack([share[best], evidence]), np.isin(rows[best], measured.gold).astype(
        float
    )


def _weights(asked: Sequence[Asked]) -> NDArray[np.float64]:
    kinds = [(one.kind, one.outcome) for one in asked]
    return np.array([1000 * WEIGHING[kind] / kinds.count(kind) for kind in kinds])


def _unseen(
    chats: Sequence[str], evidence: Matrix, target: Matrix, weight: Matrix
) -> NDArray[np.float64]:
    """Log odds of each row from a fit on other conversations."""
    odds = np.zeros(len(target))
    for part in folds(chats):
        out = np.array([name in part for name in chats])
        odds[out] = evidence[out] @ _logistic(evidence[~out], target[~out], weight[~out])
    return odds


def _logistic(evidence: Matrix, target: Matrix, weight: Matrix) -> NDArray[np.float64]:
    """Weights of a logistic regression, by Newton's method with bounded steps."""
    found = np.zeros(evidence.shape[1])
    for _ in range(60):
        chance = 1 / (1 + np.exp(-np.clip(evidence @ found, -30, 30)))
        slope = evidence.T @ ((chance - target) * weight) + RIDGE * found
        bend = (evidence.T * (chance * (1 - chance) * weight)) @ evidence
        found -= np.clip(np.linalg.solve(bend + RIDGE * np.eye(len(found)), slope), -2, 2)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])

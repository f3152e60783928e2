"""Run the quality benchmark over data files and write its JSON lines and tables.

    python -m bench.quality DATA... [--audit FILE] [--store FILE.db] [--out FILE.jsonl]
                            [--page docs/benchmarks.md]

Deterministic: the same package and data give the same lines. No LLM, no network. With ``--store``
the memory is kept in a file, so that a second run does not embed the conversations anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.quality import prefix, report
from bench.quality.systems import BASELINES, Conversation
from context_manager import Config, ContextManager, MemoryEntry
from context_manager.config import EmbeddingConfig
from context_manager.evaluation import measures
from context_manager.evaluation.benchmarks import Question, read_questions
from context_manager.importing import ImportedTurn, read
from context_manager.manager.observing import TurnInput

BUDGETS = (500, 1000, 2000, 4000)
REPLAYED_TURNS = 60
WINDOW_BUDGETS = (1000, 12_000)
"""Budgets at which the windows are compared: one that is tight, and the default."""
EVERY = {("locomo", 12_000): 4}
"""Of so many questions one is asked there, where there are many and prompts are long."""


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--audit", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--out", type=Path, default=Path("quality.jsonl"))
    parser.add_argument("--page", type=Path)
    given = parser.parse_args(arguments)
    root = open_memory(given.store)
    chats = remember(root, given.data)
    questions = [q for path in given.data for q in read_questions(path, given.audit)]
    rows = _ask(root, questions)
    with given.out.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
    text = report.tables(rows) + report.caching(
        [_replayed(name, turns) for name, turns in chats.items()], _windows(root, chats, questions)
    )
    root.close()
    print(text)
    if given.page:
        report.write(given.page, text)


def open_memory(store: Path | None) -> ContextManager:
    """A manager in process memory, or over a file that keeps what was embedded."""
    return ContextManager.open(store) if store else ContextManager()


def remember(root: ContextManager, paths: Sequence[Path]) -> dict[str, list[ImportedTurn]]:
    """Observe the conversations of these files, each as a user, unless the memory has them."""
    chats: dict[str, list[ImportedTurn]] = defaultdict(list)
    for path in paths:
        for name, said in groupby(read(path), key=lambda turn: turn.conversation_id):
            chats[name] += said
    for name, turns in chats.items():
        manager = root.scoped(user_id=name)
        if not manager.search(".", 1):
            manager.observe_batch(
                TurnInput(t.messages, t.session_id, t.timestamp, t.metadata) for t in turns
            )
        manager.archive.embed_pending(manager.scope.partition)
        print(f"{name}: {len(turns)} turns", file=sys.stderr)
    return chats


def _ask(root: ContextManager, questions: Sequence[Question]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(question.conversation for question in questions))
    chats = {name: Conversation(root.scoped(user_id=name)) for name in names}
    rows = []
    for place, question in enumerate(questions):
        own = question.conversation
        others = [name for name in names if name[:4] == own[:4] and name != own]
        rows.append(_row(chats, question, others))
        if place % 50 == 49:
            print(f"{place + 1} of {len(questions)} questions", file=sys.stderr)
    return [row for row in rows if row is not None]


def _row(
    chats: dict[str, Conversation], question: Question, others: Sequence[str]
) -> dict[str, Any] | None:
    chat = chats[question.conversation]
    by_name = {_name(entry): entry for entry in chat.entries}
    gold = [by_name[name] for name in question.gold if name in by_name]
    corrected = [by_name[name] for name in question.corrected if name in by_name] or gold
    if question.answerable and not gold:
        return None  # a citation that names no message
    row: dict[str, Any] = {
        "name": question.name,
        "dataset": question.dataset,
        "category": question.category,
        "answerable": question.answerable,
        **_answerability(chats, question, others),
    }
    if question.answerable:
        row |= _recalls(chat, question, gold, corrected)
    return row


def _answerability(
    chats: dict[str, Conversation], question: Question, others: Sequence[str]
) -> dict[str, Any]:
    """What a prompt says of being answered, asked of the own and of every other conversation."""

    def asked(chat: Conversation) -> dict[str, Any]:
        scoped = chat.manager.scoped(session_id=f"ask-{question.name}")
        context = scoped.build(question.text, budget=BUDGETS[0])
        shown = [slot for slot in context.slots if slot.section == "memory"]
        names = {entry.id: _name(entry) for entry in chat.entries}
        right = sum(names.get(slot.entry_id or "") in question.gold for slot in shown)
        return {
            "answerability": context.answerability,
            "covered": context.covered,
            "memories": len(shown),
            "relevant": right if chat is chats[question.conversation] else 0,
        }

    strange = others if question.answerable else ()
    return {
        "own": asked(chats[question.conversation]),
        "wrong": [asked(chats[other]) for other in strange],
    }


def _recalls(
    chat: Conversation,
    question: Question,
    gold: Sequence[MemoryEntry],
    corrected: Sequence[MemoryEntry],
) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {name: {} for name in ("recall", "corrected", "r5", "r10")}
    for system in (report.OURS, *BASELINES):
        ranked = _ranked(chat, question, system)
        ids = [entry.id for entry in ranked]
        found["r5"][system] = measures.recall_at(gold, ids, 5)
        found["r10"][system] = measures.recall_at(gold, ids, 10)
        found["recall"][system], found["corrected"][system] = {}, {}
        if system == report.OURS:
            session = f"ask-{question.name}"
            answers = [chat.ours(question.text, budget, session) for budget in BUDGETS]
        else:
            answers = chat.baselines(ranked, question.text, BUDGETS)
        for budget, answer in zip(BUDGETS, answers, strict=True):
            assert answer.tokens <= budget
            for key, wanted in (("recall", gold), ("corrected", corrected)):
                found[key][system][str(budget)] = measures.evidence_recall(
                    wanted, answer.shown, answer.prompt
                )
    return found


def _ranked(chat: Conversation, question: Question, system: str) -> list[MemoryEntry]:
    if system != report.OURS:
        return chat.ranked(system, question.text)
    scoped = chat.manager.scoped(session_id=f"ask-{question.name}")
    return [hit.entry for hit in scoped.search(question.text, 10, kinds=("message",))]


def _name(entry: MemoryEntry) -> str:
    found = entry.metadata.get("dia_id", entry.metadata.get("id"))
    return str(found)


def _replayed(name: str, turns: Sequence[ImportedTurn]) -> dict[str, Any]:
    """Tokens of stable sections that stood again. They do not depend on vectors: words suffice."""
    manager = ContextManager(Config(embedding=EmbeddingConfig(model="hash")))
    ours, plain = prefix.prefix_reuse(manager, [turn.messages for turn in turns[:REPLAYED_TURNS]])
    manager.close()
    print(f"{name}: replayed", file=sys.stderr)
    return {"dataset": _dataset(name), "ours": ours, "plain": plain}


def _windows(
    root: ContextManager, chats: dict[str, list[ImportedTurn]], questions: Sequence[Question]
) -> list[dict[str, Any]]:
    """Recall near the end of each conversation's last session, with either window."""
    found = []
    for name, turns in chats.items():
        manager = root.scoped(user_id=name, session_id=turns[-1].session_id)
        by_name = {_name(entry): entry for entry in Conversation(manager).entries}
        mine = [q for q in questions if q.conversation == name and q.answerable]
        asked = [q for q in mine if not by_name.keys().isdisjoint(q.gold)]
        for budget in WINDOW_BUDGETS:
            every = EVERY.get((_dataset(name), budget), 1)
            for place, question in enumerate(asked[::every]):
                gold = [by_name[key] for key in question.gold if key in by_name]
                ours, plain = prefix.recall_of_windows(
                    manager, question, gold, budget, place % prefix.PHASES
                )
                row = {"dataset": question.dataset, "budget": budget}
                found.append({**row, "ours": ours, "plain": plain})
    return found


def _dataset(conversation: str) -> str:
    return "beam" if conversation.startswith("beam_") else "locomo"


if __name__ == "__main__":
    main(sys.argv[1:])

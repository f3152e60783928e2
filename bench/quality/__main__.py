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

from bench.quality import measures, prefix, report
from bench.quality.questions import Question, read_questions
from bench.quality.systems import BASELINES, Conversation
from context_manager import ContextManager, MemoryEntry
from context_manager.importing import ImportedTurn, read
from context_manager.manager.observing import TurnInput

BUDGETS = (500, 1000, 2000, 4000)
REPLAYED_TURNS = 60


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
    text = report.tables(rows, _extra(rows, chats))
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
        for name, turns in groupby(read(path), key=lambda turn: turn.conversation_id):
            chats[name] += turns
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
        same = [q for q in names if q.startswith(question.conversation[:4])]
        other = same[(same.index(question.conversation) + 1) % len(same)]
        rows.append(_row(chats, question, other))
        if place % 50 == 49:
            print(f"{place + 1} of {len(questions)} questions", file=sys.stderr)
    return [row for row in rows if row is not None]


def _row(chats: dict[str, Conversation], question: Question, other: str) -> dict[str, Any] | None:
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
        **_answerability(chats, question, other),
    }
    if question.answerable:
        row |= _recalls(chat, question, gold, corrected)
    return row


def _answerability(
    chats: dict[str, Conversation], question: Question, other: str
) -> dict[str, float | None]:
    def asked(chat: Conversation) -> float:
        scoped = chat.manager.scoped(session_id=f"ask-{question.name}")
        return scoped.build(question.text, budget=BUDGETS[0]).answerability

    strange = question.answerable and other != question.conversation
    return {
        "answerability": asked(chats[question.conversation]),
        "answerability_wrong": asked(chats[other]) if strange else None,
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
        for budget in BUDGETS:
            if system == report.OURS:
                answer = chat.ours(question.text, budget, f"ask-{question.name}")
            else:
                answer = chat.baseline(ranked, question.text, budget)
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


def _extra(rows: Sequence[dict[str, Any]], chats: dict[str, list[ImportedTurn]]) -> dict[str, str]:
    """Prefix reuse, replayed in managers of their own."""
    ours, plain = [], []
    for name, turns in chats.items():
        session = turns[0].session_id
        said = [turn.messages for turn in turns if turn.session_id == session][:REPLAYED_TURNS]
        one, other = prefix.prefix_reuse(ContextManager(), f"replay-{name}", said)
        ours.append(one)
        plain.append(other)
    return {
        "questions": str(len(rows)),
        "prompt prefix that stands again, this package": f"{100 * prefix.share(ours):.1f} %",
        "the same, a window sliding by one turn": f"{100 * prefix.share(plain):.1f} %",
    }


if __name__ == "__main__":
    main(sys.argv[1:])

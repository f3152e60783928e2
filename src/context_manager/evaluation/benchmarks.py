"""Questions with their evidence, read from LoCoMo and BEAM files. Knows no ranking.

A question's gold is a list of message names (``dia_id`` or message number, as text) in its own
conversation; a second list holds the gold as an independent audit corrected it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from context_manager.evaluation.probes import Probe, Spot
from context_manager.importing import ImportedTurn
from context_manager.records import Message

_TURN = re.compile(r"D:?\s*(\d+)\s*:\s*(\d+)")
UNANSWERABLE = frozenset({"5", "abstention"})


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one conversation.

    Attributes:
        name: unique in its run.
        dataset: "locomo" or "beam".
        conversation: whose memory is asked.
        text: the question.
        category: LoCoMo's number or BEAM's ability.
        gold: names of the messages that hold the evidence, as published.
        corrected: the same after the audit; equal to ``gold`` where it found no fault.
    """

    name: str
    dataset: str
    conversation: str
    text: str
    category: str
    gold: tuple[str, ...]
    corrected: tuple[str, ...]

    @property
    def answerable(self) -> bool:
        """Whether the conversation holds an answer."""
        return self.category not in UNANSWERABLE


def read_questions(path: Path, audit: Path | None = None) -> list[Question]:
    """The questions of one data file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, list):
        return [q for i, chat in enumerate(data) for q in _locomo(i, chat, _audited(audit))]
    return _beam(data)


def _audited(path: Path | None) -> dict[str, tuple[str, ...]]:
    if path is None:
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {row["question_id"]: _turns(row["correct_evidence"]) for row in found}


def _locomo(
    number: int, chat: dict[str, Any], audited: dict[str, tuple[str, ...]]
) -> list[Question]:
    questions = []
    for place, row in enumerate(chat["qa"]):
        gold = _turns(row["evidence"])
        name = f"locomo_{number}_qa{place}"
        questions.append(
            Question(
                name=name,
                dataset="locomo",
                conversation=str(chat["sample_id"]),
                text=row["question"],
                category=str(row["category"]),
                gold=gold,
                corrected=audited.get(name) or gold,
            )
        )
    return questions


def _beam(data: dict[str, Any]) -> list[Question]:
    conversation = f"beam_{data['chat']}"
    rows = []
    for place, row in enumerate(data["questions"]):
        gold = tuple(str(number) for number in row["evidence"])
        rows.append(
            Question(
                name=f"{conversation}_q{place}",
                dataset="beam",
                conversation=conversation,
                text=row["question"],
                category=row["ability"],
                gold=gold,
                corrected=gold,
            )
        )
    return rows


def _turns(evidence: list[str]) -> tuple[str, ...]:
    """Turn names from citations as they come ("D8:6; D9:17", "D:11:26")."""
    found = (f"D{a}:{int(b)}" for text in evidence for a, b in _TURN.findall(text))
    return tuple(dict.fromkeys(found))


def probes_from(path: Path, turns: Sequence[ImportedTurn], conversation: str) -> list[Probe]:
    """A benchmark's own questions to one conversation as probes, by their kind.

    Args:
        path: The benchmark's file.
        turns: The turns read from it for that conversation.
        conversation: Which one.
    """
    spots = {
        _name(message): Spot(number, place)
        for number, turn in enumerate(turns)
        for place, message in enumerate(turn.messages)
    }
    made = []
    for question in read_questions(path):
        gold = tuple(spots[name] for name in question.gold if name in spots)
        if question.conversation == conversation and question.answerable and gold:
            made.append(Probe(f"{question.dataset} {question.category}", question.text, gold))
    return made


def _name(message: Message) -> str:
    return str(message.metadata.get("dia_id", message.metadata.get("id")))

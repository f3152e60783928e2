"""The questions of the demo, and whether a prompt holds what answers them.

Decides only what counts as found: the message that the question cites is named by a slot of the
prompt, and the phrase that answers stands in that slot. It builds and shows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from context_manager.records import Context, Slot

PACKAGE = "context_manager.demo"


@dataclass(frozen=True, slots=True)
class Clue:
    """What helps to answer: a message by its line in the history, and the phrase that matters."""

    line: int
    phrase: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its answer (None: the history holds none), and where the answer stands."""

    text: str
    answer: str | None
    clues: tuple[Clue, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A clue and the slot of the prompt that holds it; None where none does."""

    clue: Clue
    slot: Slot | None


def load_questions() -> tuple[Question, ...]:
    """The bundled questions."""
    raw = resources.files(PACKAGE).joinpath("questions.json").read_text(encoding="utf-8")
    return tuple(
        Question(
            item["question"],
            item["answer"],
            tuple(map(Clue, item["evidence"], item["key"])),
        )
        for item in json.loads(raw)
    )


@contextmanager
def history() -> Iterator[Path]:
    """The bundled history as a file."""
    with resources.as_file(resources.files(PACKAGE).joinpath("conversation.jsonl")) as path:
        yield path


def findings(
    question: Question, context: Context, line_of: Callable[[str], int | None]
) -> tuple[Finding, ...]:
    """Which clues stand in a prompt.

    Args:
        question: The question.
        context: The prompt.
        line_of: The line of the history that an entry was read from.
    """
    lines = [(line_of(slot.entry_id) if slot.entry_id else None, slot) for slot in context.slots]
    return tuple(
        Finding(clue, next((slot for line, slot in lines if _holds(line, slot, clue)), None))
        for clue in question.clues
    )


def _holds(line: int | None, slot: Slot, clue: Clue) -> bool:
    return line == clue.line and _folded(clue.phrase) in _folded(slot.text)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()

"""`demo`: months of a conversation, a few questions about it, and what the prompts hold of it.

This file decides the order of events; what counts as found stands in `demo_questions`, how it
looks in `demo_view`.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

from context_manager.cli.commands.filling import store_turns
from context_manager.cli.demo_questions import Question, findings, history, load_questions
from context_manager.cli.demo_view import (
    Asked,
    Remembered,
    show_asked,
    show_history,
    show_totals,
    totals,
)
from context_manager.cli.invocation import Invocation
from context_manager.cli.parameters import Option
from context_manager.cli.progress import progress
from context_manager.cli.stored import bytes_of
from context_manager.importing import read

if TYPE_CHECKING:
    from context_manager.manager import ContextManager

DAY_SECONDS = 86_400.0
WIDER = 3
"""At the end all is asked once more with so many times the budget, to show what that adds."""


def demo(
    call: Invocation,
    budget: Annotated[
        int, Option("--budget", "-b", min=50, help="Most tokens of each prompt.")
    ] = 600,
) -> None:
    """See in a minute what this is for.

    Eight months of an invented conversation are remembered in a temporary store; then questions
    are asked whose answers lie far back, and each prompt is searched for what answers it.
    """
    with ExitStack() as stack:
        path = stack.enter_context(history())
        folder = stack.enter_context(TemporaryDirectory(prefix="context-manager-demo-"))
        db = Path(folder, "demo.db")
        manager = stack.enter_context(call.surroundings.open(db))
        remembered = _remember(call, manager, path, db)
        if not call.json:
            show_history(call.out, remembered, budget)
        asked, now = [], remembered.last + DAY_SECONDS
        for question in load_questions():
            asked.append(_ask(manager, question, now, budget))
            if not call.json:
                show_asked(call.out, asked[-1], len(asked))
        wider = [_ask(manager, each.question, now, WIDER * budget) for each in asked]
    data = totals(remembered, asked, wider, budget)
    call.answer(data, lambda out: show_totals(out, data))


def _remember(call: Invocation, manager: ContextManager, path: Path, db: Path) -> Remembered:
    file = read(path)
    began = perf_counter()
    with progress(call, "remembering eight months", file.turns) as advance:
        store_turns(manager, file, advance)
    seconds = perf_counter() - began
    said = [message for turn in file for message in turn.messages]
    return Remembered(
        messages=len(said),
        sessions=file.sessions,
        first=file.first or 0.0,
        last=file.last or 0.0,
        tokens=manager.count("\n".join(f"{message.speaker}: {message.text}" for message in said)),
        seconds=seconds,
        store_bytes=bytes_of(db),
        costs=tuple(
            (int(message.metadata["line"]), manager.count(f"{message.speaker}: {message.text}\n"))
            for message in said
        ),
    )


def _ask(manager: ContextManager, question: Question, now: float, budget: int) -> Asked:
    """Ask in a new session, the day after the history ends."""
    asking = manager.scoped(session_id="the day after")
    began = perf_counter()
    built = asking.build(question.text, budget=budget, now=now)
    seconds = perf_counter() - began
    shown = {slot.entry_id for slot in built.slots if slot.entry_id}
    lines = {id: asking.get(id).metadata.get("line") for id in shown}
    return Asked(question, built, findings(question, built, lines.get), seconds, now)

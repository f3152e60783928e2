"""`eval`: how well the user's own memory would answer, with these settings and with others.

This file decides what is tried: the chats of files, or what the store remembers of the user. It is
tried in a temporary store; nothing of the user's own is changed.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

from context_manager.cli.evaluation_view import show_figures
from context_manager.cli.invocation import Invocation
from context_manager.cli.parameters import Argument, Option
from context_manager.errors import InputError
from context_manager.evaluation import Figures, evaluate, probes_from, probes_of
from context_manager.importing import ImportedTurn, read
from context_manager.records import Trust, limited

if TYPE_CHECKING:
    from context_manager.config import Config
    from context_manager.manager import ContextManager

BUDGETS = (500, 1000, 2000, 4000)
_OWN_QUESTIONS = frozenset({"locomo", "beam"})


def eval_(
    call: Invocation,
    files: Annotated[
        list[Path] | None,
        Argument(metavar="[FILE]...", help="Files of chats; your own memory without any."),
    ] = None,
    questions: Annotated[
        int, Option("--questions", "-n", min=1, help="Questions of each kind at most.")
    ] = 30,
    budget: Annotated[
        list[int] | None,
        Option("--budget", "-b", min=50, help=f"Tokens of a prompt; {BUDGETS} if left out."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        Option(
            "--set", metavar="NAME=VALUE", help="A setting to try, e.g. memory.recency_weight=0.3."
        ),
    ] = None,
    seed: Annotated[int, Option("--seed", help="Draws what is asked.")] = 0,
) -> None:
    """Measure how well your own chats are remembered, with no language model.

    Questions are made from what was said: replies, quoted sentences, days. Each is asked of a
    temporary memory, and the prompt is searched for the message that answers it. Also measured:
    whether a prompt says so when nothing answers, shows what no longer holds, what is another
    user's or was forgotten, and how much of it a provider's cache can use again. Run it twice
    with another --set to compare settings. Files of LoCoMo and BEAM bring their own questions.
    """
    budgets = sorted(set(budget or BUDGETS))
    rows = []
    for name, turns, own in _chats(call, files or []):
        probes = own[: 10 * questions] or probes_of(turns, questions, seed)
        if not probes:
            raise InputError(f"{name}: too little was said to ask about; at least two sentences")
        rows.append((name, _tried(call, turns, probes, budgets, setting or [])))
    data = {name: _data(figures) for name, figures in rows}
    call.answer(data, lambda out: show_figures(out, rows, budgets))


def _chats(
    call: Invocation, files: Sequence[Path]
) -> list[tuple[str, list[ImportedTurn], list[Any]]]:
    """Name, turns and a benchmark's questions of each user whose chats are tried."""
    found = []
    for path in files:
        file = read(path)
        by_user: dict[str, list[ImportedTurn]] = defaultdict(list)
        for turn in file:
            by_user[turn.conversation_id].append(turn)
        for name, turns in by_user.items():
            own = probes_from(path, turns, name) if file.format in _OWN_QUESTIONS else []
            found.append((name or path.name, turns, own))
    if not files:
        with call.manager() as manager:
            found.append((manager.scope.user_id, _remembered(manager), []))
    return found


def _remembered(manager: ContextManager) -> list[ImportedTurn]:
    """What the store holds of the user, session by session."""
    store = manager.archive.store
    return [
        ImportedTurn(scope.session_id, turn.messages, turn.timestamp)
        for scope in store.sessions(manager.scope.partition)
        for turn in store.turns(scope)
    ]


def _tried(
    call: Invocation,
    turns: Sequence[ImportedTurn],
    probes: Sequence[Any],
    budgets: Sequence[int],
    settings: Sequence[str],
) -> Figures:
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="context-manager-eval-"))
        manager = stack.enter_context(call.surroundings.open(Path(folder, "eval.db")))
        for setting in settings:
            _set(manager.config, setting)
        status = stack.enter_context(call.err.status("remembering"))
        plain = [_as_said(turn) for turn in turns]
        return evaluate(manager, plain, probes, budgets, status.update)


def _as_said(turn: ImportedTurn) -> ImportedTurn:
    """A turn as a file may have told it: nobody in it speaks as the operator."""
    messages = limited(turn.messages, Trust.USER)
    return ImportedTurn(
        turn.session_id, tuple(messages), turn.timestamp, turn.metadata, "", turn.note
    )


def _set(config: Config, setting: str) -> None:
    """Assign one setting.

    Raises:
        InputError: There is no such setting, or it has no value.
        ConfigError: The value cannot work.
    """
    name, given, value = setting.partition("=")
    *path, last = name.strip().split(".")
    target: Any = config
    for step in path:
        target = getattr(target, step, None)
    if not given or not hasattr(target, last):
        raise InputError(f"no setting {name.strip()!r}; write e.g. memory.recency_weight=0.3")
    try:
        read_value: Any = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        read_value = value.strip()
    setattr(target, last, read_value)
    config.check()


def _data(figures: Figures) -> dict[str, Any]:
    data = asdict(figures)
    data["recall"] = {
        kind: {str(budget): share for budget, share in by.items()}
        for kind, by in figures.recall.items()
    }
    return data

"""A progress bar on standard error, where somebody sees it. Decides only whether and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from context_manager.cli.invocation import Invocation

Advance: TypeAlias = Callable[[int], object]
"""Called with how much was done since the last call."""


@contextmanager
def progress(call: Invocation, what: str, total: int) -> Iterator[Advance]:
    """A bar that moves with each call of what it yields; nothing unless a terminal shows it.

    Args:
        call: The call; one that asks for JSON gets no bar.
        what: What is going on.
        total: How much there is to do.
    """
    if call.json or not call.err.is_terminal:
        yield lambda done: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=call.err, transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.advance(task, done)

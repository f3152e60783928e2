"""`prepare` and `worker`: a store made ready, and what services on it leave to workers.

This file decides how a worker is started, stopped and watched; what it does is the manager's.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

from context_manager.cli.commands.serving import search_with, use_model
from context_manager.cli.invocation import Invocation
from context_manager.cli.parameters import Option
from context_manager.cli.text import plural


def worker(
    call: Invocation,
    threads: Annotated[int, Option("--threads", min=1, max=64, help="Jobs done at once.")] = 1,
    lease: Annotated[
        float,
        Option("--lease", min=0.1, help="Seconds after which a killed worker's job is free."),
    ] = 30.0,
    every: Annotated[
        float,
        Option("--every", min=1.0, help="Seconds between two looks at everybody's memory."),
    ] = 3600.0,
    reembed: Annotated[
        bool, Option("--reembed", help="Replace the vectors of another embedding model.")
    ] = False,
    alive: Annotated[
        Path | None,
        Option("--alive", help="A file to touch while all is well, for a health check."),
    ] = None,
    once: Annotated[bool, Option("--once", help="Do what is due, then end.")] = False,
) -> None:
    """Do what services leave to workers: vectors, summaries, facts, and what has expired.

    Start as many as needed, on the store of services that run with
    CONTEXT_MANAGER_BACKGROUND=workers. A model for summaries is named as for `serve`.
    """
    from context_manager.manager.worker import Worker

    with call.store(create=True) as root:
        root.config.background = "workers"
        use_model(root, call.surroundings.environment)
        search_with(root, call.surroundings.environment)
        beat = (lambda: None) if alive is None else alive.touch
        made = Worker(root, threads=threads, lease=lease, every=every, reembed=reembed, alive=beat)
        if once:
            done = made.run_due()
            call.answer({"jobs": done}, lambda out: out.print(f"{plural(done, 'job')} done"))
            return
        _stop_on_signals(made.stop)
        call.err.print(f"working on {call.where}; Ctrl-C stops", markup=False, soft_wrap=True)
        made.run()


def prepare(call: Invocation) -> None:
    """Make the store, or bring it to the schema of this version, and do nothing else."""
    with call.store(create=True):
        call.answer({"store": call.where}, lambda out: out.print(f"{call.where} is ready"))


def _stop_on_signals(stop: Callable[[], None]) -> None:
    """Finish the jobs at hand when told to end; told again, end at once."""

    def stopping(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stopping)

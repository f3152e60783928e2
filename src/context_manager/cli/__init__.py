"""The command line, `context-manager`: a thin face of the manager.

Only `main` and `start` are imported until one is called, so that the program starts fast.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import NoReturn

GARBAGE = 100_000
"""Objects made, less those let go, after which Python looks for garbage among them."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave with its exit code.

    Args:
        arguments: What stands behind the program's name; None takes it from the process.

    Raises:
        SystemExit: Always, with a code of `context_manager.cli.outcome.EXIT_CODES`.
    """
    # Nearly all that a start makes stays: looking through it again and again for what is garbage
    # would take a quarter of its time.
    gc.set_threshold(GARBAGE)
    from context_manager.cli.program import run

    run(arguments)


def start() -> NoReturn:
    """Run the program as a process of its own, and end that without taking it apart.

    All was closed and written by then, and giving back memory object by object would take as long
    as building a prompt. What anybody wants done at the end is done, and threads are waited for.

    Raises:
        SystemExit: As `main`, where threads are to be waited for.
    """
    import atexit
    import os
    import sys
    import threading

    try:
        main()
    except SystemExit as end:
        others = [thread for thread in threading.enumerate() if not thread.daemon]
        if len(others) > 1 or not isinstance(end.code, int):
            raise
        code = end.code
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


__all__ = ["main", "start"]

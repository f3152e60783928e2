"""The command line, `context-manager`: a thin face of the manager.

`main` is all that is imported until it is called, so that the program starts fast.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

GARBAGE = 100_000
"""Objects made, less those let go, after which Python looks for garbage among them."""


def main(arguments: Sequence[str] | None = None) -> None:
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


__all__ = ["main"]

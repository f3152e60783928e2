"""The command line, `context-manager`: a thin face of the manager.

`main` is all that is imported until it is called, so that the program starts fast.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave with its exit code.

    Args:
        arguments: What stands behind the program's name; None takes it from the process.

    Raises:
        SystemExit: Always, with a code of `context_manager.cli.outcome.EXIT_CODES`.
    """
    from context_manager.cli.program import run

    run(arguments)


__all__ = ["main"]

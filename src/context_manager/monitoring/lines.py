"""Operations as lines of a log: in words for people, as JSON for machines.

Decides what a line says. Lengths and counts, never content unless ``log_content`` is on. Whose
handlers write the lines, and where, is the application's decision.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from context_manager.records import Operation

CONTENT_CHARS = 100


class TextLog:
    """A hook that logs builds, observes and failures in words.

    Args:
        logger: Name of the logger; lines have the level INFO, failures ERROR.
        log_content: Show the beginning of inputs.
    """

    def __init__(
        self, logger: str = "context_manager.monitoring", *, log_content: bool = False
    ) -> None:
        self.log_content = log_content
        self._logger = logging.getLogger(logger)

    def __call__(self, operation: Operation) -> None:
        """Log an operation."""
        if operation.failed:
            self._logger.error("%s failed with %s", operation.name, operation.error)
            return
        tell = _LINES.get(operation.name)
        if tell is not None:
            content = operation.content or {}
            shown = f": {content['input'][:CONTENT_CHARS]!r}" if content.get("input") else ""
            self._logger.info("%s%s", tell(operation.seconds, operation.figures), shown)


class JsonLog:
    """A hook that logs every operation as one line of JSON.

    Args:
        logger: Name of the logger; lines have the level INFO, failures ERROR.
        log_content: Add the texts.

    Example:
        >>> import logging, sys
        >>> from context_manager import ContextManager
        >>> from context_manager.monitoring import JsonLog
        >>> cm = ContextManager(hooks=[JsonLog("my.operations")])
        >>> logging.getLogger("my.operations").addHandler(logging.StreamHandler(sys.stderr))
    """

    def __init__(
        self, logger: str = "context_manager.operations", *, log_content: bool = False
    ) -> None:
        self.log_content = log_content
        self._logger = logging.getLogger(logger)

    def __call__(self, operation: Operation) -> None:
        """Log an operation."""
        level = logging.ERROR if operation.failed else logging.INFO
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", json.dumps(as_row(operation), ensure_ascii=False))


def as_row(operation: Operation) -> dict[str, Any]:
    """An operation, JSON-ready: content only if it came with any."""
    row: dict[str, Any] = {
        "operation": operation.name,
        "at": operation.at,
        "seconds": operation.seconds,
        "scope": asdict(operation.scope),
        "stages": {stage.name: stage.seconds for stage in operation.stages},
        "figures": dict(operation.figures),
    }
    if operation.degraded:
        row["degraded"] = list(operation.degraded)
    if operation.failed:
        row["error"] = operation.error
    if operation.content is not None:
        row["content"] = dict(operation.content)
    return row


def _built(seconds: float, figures: Mapping[str, float]) -> str:
    return (
        f"built a context in {seconds:.3f} s: {figures['tokens']} of {figures['budget']} tokens, "
        f"{figures['chars']} characters, for an input of {figures['input_chars']}"
    )


def _observed(seconds: float, figures: Mapping[str, float]) -> str:
    return (
        f"observed {figures['turns']} turns in {seconds:.3f} s: {figures['messages']} messages, "
        f"{figures['chars']} characters"
    )


_LINES: Mapping[str, Callable[[float, Mapping[str, float]], str]] = {
    "build": _built,
    "observe": _observed,
}

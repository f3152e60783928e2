"""One call of a wrapped client: what memory says before it, what is remembered after it.

This file decides which part of a context is put in and when a turn is observed. It knows no SDK.
A failing memory never fails the client's call.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from context_manager.context.fence import HEADINGS
from context_manager.errors import ContextManagerError
from context_manager.forks import ForkSafeLock
from context_manager.integrations.dialects import Asked, Dialect
from context_manager.manager import ContextManager
from context_manager.records import Context, Message

_log = logging.getLogger(__name__)


class Exchange:
    """One call, from its request to its observed turn.

    Args:
        manager: Whose memory it is.
        dialect: How the client speaks.
        asked: What the request asks.
    """

    def __init__(self, manager: ContextManager, dialect: Dialect, asked: Asked) -> None:
        self._manager = manager
        self._dialect = dialect
        self._asked = asked
        self._pieces: list[str] = []
        self._calls_tool = False
        self._done = False
        self._lock = ForkSafeLock()

    def memory(self) -> str:
        """What memory has to say before the user's message; "" if nothing, or if it fails."""
        try:
            return memory_text(self._manager.build(self._asked.text), self._asked.earlier)
        except ContextManagerError as error:
            _log.warning("no memory for this call: %s", type(error).__name__)
            return ""

    def take(self, event: Any) -> None:
        """Note one event of the streamed answer."""
        self._pieces.append(self._dialect.piece(event))
        self._calls_tool = self._calls_tool or self._dialect.calls_tool(event)

    def finish(self, text: str | None = None, *, complete: bool = True) -> None:
        """Observe the turn, once; an answer that only calls tools is not observed yet.

        Args:
            text: The whole answer; what was taken from the stream when left out.
            complete: False where the reader left before the end.
        """
        with self._lock:
            if self._done:
                return
            self._done = True
        answer = "".join(self._pieces) if text is None else text
        if self._calls_tool or not answer.strip():
            return
        said = [
            Message("user", self._asked.text),
            *(message for message in self._asked.since if message.text.strip()),
            Message("assistant", answer),
        ]
        metadata = {"client": self._dialect.name, **({} if complete else {"complete": False})}
        try:
            self._manager.observe_messages(said, metadata=metadata)
        except ContextManagerError as error:
            _log.warning("this turn was not remembered: %s", type(error).__name__)


def memory_text(context: Context, earlier: Sequence[str]) -> str:
    """A context without its input, and without recent messages that the request holds already."""
    heading = f"\n\n{HEADINGS['recent']}"
    parts: list[str] = []
    recent: list[str] = []
    for slot in context.slots:
        if slot.section == "recent":
            line = slot.text.removeprefix(heading).removeprefix(heading.lstrip())
            if not any(text in line for text in earlier):
                parts += [line] if recent else [heading, line]
                recent.append(line)
        elif slot.section != "input":
            parts.append(slot.text)
    return "".join(parts).strip()

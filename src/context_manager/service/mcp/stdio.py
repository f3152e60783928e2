"""An MCP server over standard input and output: the process a client starts for itself.

This file decides what is loaded when: the client's first message is answered at once, then the
store is opened beside, and a call waits for it; the embedding model is loaded by the first call
that needs one. Nothing but the protocol goes to standard output, which the SDK keeps for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from threading import Lock
from typing import TYPE_CHECKING, Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from context_manager.service.mcp.server import create_server

if TYPE_CHECKING:
    from context_manager.manager import ContextManager

Opened = Callable[[], AbstractContextManager["ContextManager"]]


def serve(opened: Opened) -> None:
    """Serve until the client closes standard input.

    Args:
        opened: Opens the memory that every call is about, and closes it at the end.
    """
    with _Opening(opened) as opening:

        async def answered(
            ctx: ServerRequestContext[Any, Any], call_next: CallNext
        ) -> HandlerResult:
            result = await call_next(ctx)
            opening.begin()
            return result

        create_server(lambda permission: opening.begin().result(), answered).run("stdio")


class _Opening:
    """A memory that is opened in a thread, once, and closed at the end.

    Args:
        opened: Opens it.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._stack = ExitStack()
        self._beside = ThreadPoolExecutor(1, "context-manager-open")
        self._memory: Future[ContextManager] | None = None
        self._lock = Lock()

    def begin(self) -> Future[ContextManager]:
        """Open it unless that has begun."""
        with self._lock:
            if self._memory is None:
                self._memory = self._beside.submit(
                    lambda: self._stack.enter_context(self._opened())
                )
            return self._memory

    def __enter__(self) -> _Opening:
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.shutdown()
        self._stack.close()

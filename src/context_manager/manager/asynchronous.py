"""The awaited methods of a manager: each calls its plain method in a thread and awaits that.

Decides nothing about memory. Since the plain methods are called by name on the object itself, a
subclass that overrides one of them is asked here too. No call awaits a model: what needs one is
done in the background, and `aclose` waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast

from context_manager.records import Context, Hit, Kind, Message, Receipt, Turn

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

P = ParamSpec("P")
T = TypeVar("T")


class AsyncFace:
    """The awaited methods of a `ContextManager`, for asyncio and trio.

    A call that is cancelled was done whole or not at all, and is over when the cancellation goes
    on. Any number of calls may be awaited at once.
    """

    async def run_async(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call any function, such as a plain method of this manager, in one of its threads.

        Example:
            >>> import asyncio
            >>> from context_manager import ContextManager
            >>> cm = ContextManager()
            >>> ids = asyncio.run(cm.run_async(cm.ingest_text, "A leaflet.", source="leaflet.txt"))
            >>> len(ids)
            1
        """
        return await cast("ContextManager", self).engine.threads.run(function, *args, **kwargs)

    async def build_context_async(self, user_input: str) -> str:
        """The finished prompt for an input; see `ContextManager.build_context`."""
        return await self.run_async(cast("ContextManager", self).build_context, user_input)

    async def build_async(
        self, user_input: str, *, budget: int | None = None, now: float | None = None
    ) -> Context:
        """The finished prompt with the account of it; see `ContextManager.build`."""
        cm = cast("ContextManager", self)
        return await self.run_async(cm.build, user_input, budget=budget, now=now)

    async def observe_async(self, user_input: str, assistant_response: str, **details: Any) -> Turn:
        """Remember one exchange; see `ContextManager.observe`.

        Args:
            user_input, assistant_response: What was said.
            details: Keywords of `ContextManager.observe`: metadata, timestamp, priority.
        """
        cm = cast("ContextManager", self)
        return await self.run_async(cm.observe, user_input, assistant_response, **details)

    async def observe_messages_async(
        self, messages: Iterable[Message | Mapping[str, Any]], **details: Any
    ) -> Turn:
        """Remember one turn of any messages; see `ContextManager.observe_messages`."""
        cm = cast("ContextManager", self)
        return await self.run_async(cm.observe_messages, messages, **details)

    async def query_memory_async(self, query: str, k: int = 5) -> list[tuple[str, float]]:
        """The ``k`` memories that answer best; see `ContextManager.query_memory`."""
        return await self.run_async(cast("ContextManager", self).query_memory, query, k)

    async def search_async(
        self, query: str, k: int = 5, *, kinds: Sequence[Kind] | None = None
    ) -> list[Hit]:
        """Like `query_memory_async`, with the account of each; see `ContextManager.search`."""
        return await self.run_async(cast("ContextManager", self).search, query, k, kinds=kinds)

    async def add_memory_async(
        self, text: str, metadata: Mapping[str, Any] | None = None, **details: Any
    ) -> str:
        """Remember a text that nobody said; see `ContextManager.add_memory`.

        Args:
            text, metadata: What to remember.
            details: Further keywords of `ContextManager.add_memory`.
        """
        cm = cast("ContextManager", self)
        return await self.run_async(cm.add_memory, text, metadata, **details)

    async def forget_async(self, ids: str | Iterable[str] | None = None, **which: Any) -> Receipt:
        """Delete entries and what was derived from them; see `ContextManager.forget`."""
        return await self.run_async(cast("ContextManager", self).forget, ids, **which)

    async def aclose(self) -> None:
        """Finish background work and release the store; calling it again does nothing."""
        await self.run_async(cast("ContextManager", self).close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

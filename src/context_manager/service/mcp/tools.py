"""What an MCP client may do with memory: seven tools, three resources and a prompt.

This file decides their names, arguments and answers; a client reads the docstrings. It opens no
store and knows no SDK: each call is handed the memory it is about by `Whose`. What a model
asks to remember is trusted like what an assistant says, never like an operator.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field

from context_manager.records import Trust
from context_manager.service.correcting import corrected
from context_manager.service.models.conversation_answers import COVERED
from context_manager.service.models.fields import Identifier, Told
from context_manager.service.models.memory_answers import (
    Found,
    MemoryOut,
    MemoryPage,
    MemoryQueryResponse,
    ReceiptOut,
)
from context_manager.service.models.requests import Asked, Budget, EntryKind, Spoken
from context_manager.service.paging import page_of

if TYPE_CHECKING:
    from context_manager.manager import ContextManager

MOST_HITS = 50
LISTED = 100
Share = Annotated[float, Field(ge=0, le=1, description="0 to 1; 0.5 is neutral.")]


class Whose(Protocol):
    """Gives the memory that a call is about."""

    def __call__(self, permission: str) -> ContextManager:
        """The manager in the scope of the call.

        Raises:
            ContextManagerError: It cannot be opened, or the caller may not do this.
        """
        ...


class Remembered(Told):
    """The id under which a memory is kept."""

    memory_id: str


class Hits(Told):
    """What answers a question, best first."""

    hits: list[Found]


class Prompt(Told):
    """A finished prompt."""

    text: str
    tokens: int
    budget: int
    covered: bool = Field(description=COVERED)
    memory_ids: list[str] = Field(description="The memories that stand in it.")


class Tools:
    """The tools, each a method.

    Args:
        whose: Gives the memory of a call.
    """

    def __init__(self, whose: Whose) -> None:
        self._whose = whose

    def remember(self, text: Spoken, importance: Share = 0.5) -> Remembered:
        """Remember a text for later conversations: a fact, a preference, a decision.

        Write one statement that can be understood alone, with names instead of pronouns.
        """
        memory = self._whose("write")
        made = memory.add_memory(text, importance=importance, trust=Trust.ASSISTANT)
        return Remembered(memory_id=made)

    def recall(self, query: Asked, k: Annotated[int, Field(ge=1, le=MOST_HITS)] = 5) -> Hits:
        """Find the memories that answer a question best, with scores from 0 to 1."""
        hits = self._whose("read").search(query, k)
        return Hits(hits=MemoryQueryResponse.of(hits).results)

    def build_context(self, input: Asked, budget: Budget | None = None) -> Prompt:
        """Build the finished prompt for an input from all of memory, within a token budget."""
        built = self._whose("read").build(input, budget=budget)
        return Prompt(
            text=built.text,
            tokens=built.tokens,
            budget=built.budget,
            covered=built.covered,
            memory_ids=[slot.entry_id for slot in built.slots if slot.entry_id],
        )

    def pin(self, text: Spoken) -> Remembered:
        """Show a text in every prompt of this user, or pin the memory with this id."""
        memory = self._whose("write")
        if memory.archive.store.entries(memory.scope.partition, [text]):
            return Remembered(memory_id=memory.pin(text))
        made = memory.add_memory(text, kind="pinned", importance=1.0, trust=Trust.ASSISTANT)
        return Remembered(memory_id=made)

    def correct(self, memory_id: Identifier, text: Spoken) -> MemoryOut:
        """Put a corrected text in the place of a memory; the old one no longer counts."""
        return MemoryOut.of(corrected(self._whose("write"), memory_id, text, Trust.ASSISTANT))

    def forget(
        self,
        memory_ids: Annotated[list[Identifier], Field(min_length=1, max_length=LISTED)],
    ) -> ReceiptOut:
        """Delete memories for good, with all that was derived from them alone."""
        return ReceiptOut.of(self._whose("write").forget(memory_ids))

    def list(
        self,
        kind: EntryKind | None = None,
        limit: Annotated[int, Field(ge=1, le=LISTED)] = 20,
        after: Annotated[str, Field(max_length=64)] | None = None,
    ) -> MemoryPage:
        """List memories, oldest first; `next` is the `after` of the next page."""
        return page_of(self._whose("read"), limit, after, kind=kind)


class Resources:
    """What can be read by an address, each a method.

    Args:
        whose: Gives the memory of a call.
    """

    def __init__(self, whose: Whose) -> None:
        self._whose = whose

    def pinned(self) -> str:
        """The texts that stand in every prompt of this user."""
        page = page_of(self._whose("read"), LISTED, None, kind="pinned")
        return _lines(page.items)

    def facts(self) -> str:
        """The facts that hold now."""
        found = self._whose("read").facts()
        return _lines([MemoryOut.of(entry) for entry in found])

    def entry(self, memory_id: str) -> str:
        """One memory with where it came from."""
        return MemoryOut.of(self._whose("read").get(memory_id)).model_dump_json()


class Prompts:
    """The prompts a person may choose, each a method.

    Args:
        whose: Gives the memory of a call.
    """

    def __init__(self, whose: Whose) -> None:
        self._whose = whose

    def with_memory(self, input: str) -> str:
        """A question, with everything memory knows about it before it."""
        return self._whose("read").build(input).text


def _lines(items: list[MemoryOut]) -> str:
    return json.dumps([item.model_dump() for item in items], ensure_ascii=False)

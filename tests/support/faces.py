"""One table of calls, and the three faces by which each can be made: plain, awaited, batched.

Decides which calls of a manager mean the same thing by all of its faces. A case is done once on a
manager of its own per face; what came back and what is in memory afterwards must be alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from context_manager import Config, ContextManager, Scope
from context_manager.config import EmbeddingConfig, MemoryConfig
from context_manager.errors import BatchError
from context_manager.testing.clock import ManualClock


@dataclass(frozen=True, slots=True)
class Case:
    """One call on each of several items."""

    method: str
    items: tuple[Any, ...]
    shape: Callable[[Any], Any] = str


def _pair(item: Any) -> tuple[Any, ...]:
    return item if isinstance(item, tuple) else (item,)


def said(turn: Any) -> Any:
    """What of a turn does not differ between two managers."""
    return [(message.role, message.text) for message in turn.messages], turn.token_count, turn.seq


CASES: dict[str, Case] = {
    "build_context": Case(
        "build_context", ("Where is the key?", "Who feeds the cat?", "Where is the key?", "x")
    ),
    "build": Case(
        "build",
        ("Where is the key?", "What did I say about rain?"),
        lambda context: (context.text, context.tokens, context.covered, len(context.slots)),
    ),
    "build, one too long": Case("build_context", ("The key?", "long " * 3000, "The cat?")),
    "query": Case("query_memory", ("key", "cat", "rain", ""), list),
    "add": Case(
        "add_memory",
        (("The attic is dry.", {"floor": 3}), ("The cellar is damp.", None), ("Mice!", {})),
        lambda identifier: identifier[:4],
    ),
    "add, some impossible": Case(
        "add_memory",
        (("Fine.", None), (" \n ", None), ("Fine too.", {"n": 1}), ("No.", {"n": object()})),
        lambda identifier: identifier[:4],
    ),
    "observe": Case(
        "observe", tuple((f"Day {n} was rainy.", f"Noted, day {n}.") for n in range(40)), said
    ),
    "observe, one empty": Case("observe", (("One.", ""), ("", ""), ("", "Three.")), said),
}


def manager(**memory: Any) -> ContextManager:
    """A manager with something in it, the same each time."""
    config = Config(
        embedding=EmbeddingConfig("hash"),
        memory=MemoryConfig(**{"stm_capacity": 400, "chunk_size": 200, **memory}),
    )
    cm = ContextManager(config, clock=ManualClock())
    cm.pin("Answer briefly.")
    cm.observe("The spare key is under the blue pot.", "I will remember the blue pot.")
    cm.scoped(session_id="other").observe("My neighbour feeds the cat.", "Kind of them.")
    cm.add_memory("Rain is measured at seven in the morning.")
    return cm


def plain(cm: ContextManager, case: Case) -> list[Any]:
    """Each item by the plain method; errors in their places."""
    return [_caught(getattr(cm, case.method), item) for item in case.items]


def awaited(cm: ContextManager, case: Case) -> list[Any]:
    """Each item by the awaited method, one after another."""

    async def all_of_them() -> list[Any]:
        method = getattr(cm, f"{case.method}_async")
        return [
            (await asyncio.gather(method(*_pair(item)), return_exceptions=True))[0]
            for item in case.items
        ]

    return asyncio.run(all_of_them())


def batched(cm: ContextManager, case: Case) -> list[Any]:
    """All items by the batch method."""
    return getattr(cm, f"{case.method}_batch")(case.items, return_exceptions=True)


def batched_and_raised(cm: ContextManager, case: Case) -> list[Any]:
    """All items by the batch method, errors taken from what it raises."""
    try:
        return getattr(cm, f"{case.method}_batch")(case.items)
    except BatchError as error:
        return [error.errors.get(place, result) for place, result in enumerate(error.results)]


FACES: dict[str, Callable[[ContextManager, Case], list[Any]]] = {
    "plain": plain,
    "awaited": awaited,
    "batched": batched,
    "batched and raised": batched_and_raised,
}


def outcome(cm: ContextManager, case: Case, face: str) -> tuple[list[Any], dict[str, Any]]:
    """What came of each item, and what is in memory afterwards, comparable between managers."""
    results = FACES[face](cm, case)
    cm.engine.background.drain()
    shapes = [
        (type(result).__name__, str(result))
        if isinstance(result, Exception)
        else case.shape(result)
        for result in results
    ]
    return shapes, remembered(cm)


def remembered(cm: ContextManager) -> dict[str, Any]:
    """All that is in memory, without ids."""
    entries = [
        (entry.kind, entry.text, dict(entry.metadata), entry.scope.session_id, entry.seq)
        for entry in cm.long_term_memory.entries
        if entry.kind != "summary"
    ]
    scopes: list[Scope] = cm.archive.store.sessions(cm.scope.partition)
    turns = {
        scope.session_id: [said(turn) for turn in cm.archive.store.turns(scope)] for scope in scopes
    }
    working = [turn.text for turn in cm.short_term_memory.turns]
    vectors = cm.archive.store.models(cm.scope.partition)
    return {"entries": entries, "turns": turns, "working set": working, "vectors": vectors}


def _caught(function: Callable[..., Any], item: Any) -> Any:
    try:
        return function(*_pair(item))
    except Exception as error:  # noqa: BLE001 - what it was is compared
        return error

"""One user alone in a database against one among many: the same calls, turn by turn."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import NamedTuple

from bench.speed.corpus import Language, TableEmbedder, copied, drafted
from context_manager import ContextManager
from context_manager.store.postgres import PostgresStore
from context_manager.store.protocol import Change

NOW = 1_800_000_000.0
FILLERS = 2
"""Processes that fill at once."""


class Figures(NamedTuple):
    """Medians in milliseconds.

    Args:
        first_prompt: A prompt in a process that has not seen this user yet.
        prompt: The next one.
        turn: An exchange remembered.
    """

    first_prompt: float
    prompt: float
    turn: float


def opened(store: PostgresStore) -> ContextManager:
    """A manager that has seen nobody yet."""
    cm = ContextManager(store=store)
    cm.embedding_provider = TableEmbedder()
    return cm


def named(user: int) -> str:
    """The id of a user."""
    return f"user-{user}"


class Filled(NamedTuple):
    """How many users got their memory, and how fast, in entries per second."""

    users: int
    rate: float


def filled(dsn: str, users: int, entries: int, seconds: float) -> Filled:
    """Fill both schemas with several processes, until all is there or the time is up."""
    PostgresStore(dsn, schema="scale_many").close()
    fill(dsn, "scale_one", 0, 1, 1, entries, seconds)
    began = time.perf_counter()
    with ProcessPoolExecutor(FILLERS, get_context("spawn")) as pool:
        jobs = [
            pool.submit(fill, dsn, "scale_many", first, users, FILLERS, entries, seconds)
            for first in range(FILLERS)
        ]
        # Users are filled in turn, so up to the slowest process's last one nobody is missing.
        count = min(job.result() for job in jobs) * FILLERS
    return Filled(min(count, users), count * entries / (time.perf_counter() - began))


def fill(
    dsn: str, schema: str, first: int, users: int, step: int, entries: int, seconds: float
) -> int:
    """Give every ``step``-th user from the ``first`` on a memory; how many in the time given."""
    language, store = Language(), PostgresStore(dsn, schema=schema, durability="normal")
    cm = opened(store)
    texts = [language.message() for _ in range(entries)]
    drafts = list(drafted(cm, cm.scope, texts, TableEmbedder()))
    end, count = time.perf_counter() + seconds, 0
    for user in range(first, users, step):
        if time.perf_counter() > end:
            break
        whose = cm.scope.narrowed(tenant_id=f"tenant-{user % 100}", user_id=named(user))
        store.apply(whose.partition, Change(turns=copied(drafts, whose)))
        count += 1
    store.close()
    return count


def measured(dsn: str, users: int, rounds: int) -> tuple[Figures, Figures]:
    """What one user alone waits for, and what one among many does."""
    chance, language = random.Random(1), Language(seed=2)
    stores = [PostgresStore(dsn, schema=name) for name in ("scale_one", "scale_many")]
    seen: list[list[list[float]]] = [[[], [], []], [[], [], []]]
    for turn in range(rounds + 3):
        question, _ = language.question()
        said = language.message()
        for place, store in enumerate(stores):
            user = 0 if place == 0 else chance.randrange(users)
            cm = opened(store).scoped(tenant_id=f"tenant-{user % 100}", user_id=named(user))
            took = [
                _timed(lambda cm=cm, text=text: cm.build(text, budget=2000, now=NOW))
                for text in (question, f"{question} Really?")
            ]
            # Said by another, so that the memory that is asked does not grow from turn to turn.
            other = cm.scoped(user_id="other" if place == 0 else named(chance.randrange(users)))
            took.append(_timed(lambda other=other, said=said: other.observe(said, "Noted.")))
            if turn >= 3:
                for kept, milliseconds in zip(seen[place], took, strict=True):
                    kept.append(milliseconds)
            cm.engine.background.drain()
    for store in stores:
        store.close()
    alone, among = (Figures(*map(median, kept)) for kept in seen)
    return alone, among


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000

"""One user alone in a database against one among many: the same calls, turn by turn."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from bench.scale.filling import named
from bench.speed.corpus import Language, TableEmbedder
from context_manager import ContextManager
from context_manager.store.postgres import PostgresStore

NOW = 1_800_000_000.0


class Figures(NamedTuple):
    """Medians in milliseconds.

    Args:
        first_prompt: A prompt in a process that has not seen this user yet.
        prompt: The next one.
        turn: An exchange remembered.
        look: A look whether there is news of a user.
    """

    first_prompt: float
    prompt: float
    turn: float
    look: float


def opened(store: PostgresStore) -> ContextManager:
    """A manager that has seen nobody yet."""
    cm = ContextManager(store=store)
    cm.embedding_provider = TableEmbedder()
    return cm


def listed(dsn: str) -> float:
    """Bytes that a list of everybody takes in memory, for each user."""
    store = PostgresStore(dsn, schema="scale_many")
    tracemalloc.start()
    everybody = store.partitions()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    store.close()
    return taken / len(everybody)


def measured(dsn: str, users: int, rounds: int) -> tuple[Figures, Figures]:
    """What one user alone waits for, and what one among many does."""
    chance, language = random.Random(1), Language(seed=2)
    stores = [PostgresStore(dsn, schema=name) for name in ("scale_one", "scale_many")]
    seen: list[list[list[float]]] = [[[] for _ in Figures._fields] for _ in stores]
    for turn in range(rounds + 3):
        question, _ = language.question()
        said = language.message()
        for place, store in enumerate(stores):
            user = 0 if place == 0 else chance.randrange(users)
            cm = opened(store).scoped(**named(user))
            took = [
                _timed(lambda cm=cm, text=text: cm.build(text, budget=2000, now=NOW))
                for text in (question, f"{question} Really?")
            ]
            # Said by another, so that the memory that is asked does not grow from turn to turn.
            talker = {"user_id": "other"} if place == 0 else named(chance.randrange(users))
            other = cm.scoped(**talker)
            took.append(_timed(lambda other=other, said=said: other.observe(said, "Noted.")))
            took.append(_timed(lambda store=store, cm=cm: store.version(cm.scope.partition)))
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

"""How much more several processes on one database do than one."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from statistics import median
from typing import Any, NamedTuple

from bench.scale.among_many import NOW, opened
from bench.scale.filling import named
from bench.speed.corpus import Language
from context_manager.store.postgres import PostgresStore

USERS = 32
"""Users of each process, none of another's."""
READS = 0.8
ROUNDS = 3


class Done(NamedTuple):
    """What processes do together.

    Args:
        rate: Calls per second of all of them.
        cost: Milliseconds of a process's own processor time for each call.
    """

    rate: float
    cost: float


def in_turn(dsn: str, counts: Sequence[int], seconds: float) -> list[Done]:
    """What so many, so many and so many processes do, the middle of several rounds."""
    rounds = [[throughput(dsn, count, seconds) for count in counts] for _ in range(ROUNDS)]
    return [Done(*map(median, zip(*of_one, strict=True))) for of_one in zip(*rounds, strict=True)]


def throughput(dsn: str, processes: int, seconds: float) -> Done:
    """What so many processes do."""
    context = multiprocessing.get_context("spawn")
    barrier, done = context.Barrier(processes), context.Queue()
    children = [
        context.Process(target=_work, args=(dsn, number, seconds, barrier, done))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    told = [done.get(timeout=600) for _ in children]
    for child in children:
        child.join()
    rates, costs = zip(*told, strict=True)
    return Done(sum(rates), sum(costs) / processes)


def _work(dsn: str, number: int, seconds: float, barrier: Barrier, done: Any) -> None:
    chance, language = random.Random(number), Language(seed=number)
    cm = opened(PostgresStore(dsn, schema="scale_many", pool_size=2))
    users = [cm.scoped(**named(user)) for user in range(number * USERS, (number + 1) * USERS)]
    for user in users:
        user.build("What was said?", budget=2000, now=NOW)
    barrier.wait(600)
    began, spent = time.perf_counter(), time.process_time()
    calls = 0
    while time.perf_counter() < began + seconds:
        user = chance.choice(users)
        if chance.random() < READS:
            user.build(language.question()[0], budget=2000, now=NOW)
        else:
            user.observe(language.message(), "Noted.")
        calls += 1
    cost = (time.process_time() - spent) * 1000 / calls
    done.put((calls / (time.perf_counter() - began), cost))
    cm.close()

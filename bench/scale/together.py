"""How much more several processes on one database do than one."""

from __future__ import annotations

import multiprocessing
import random
import time
from multiprocessing.synchronize import Barrier
from typing import Any

from bench.scale.among_many import NOW, opened
from bench.scale.filling import named
from bench.speed.corpus import Language
from context_manager.store.postgres import PostgresStore

USERS = 32
"""Users of each process, none of another's."""
READS = 0.8


def throughput(dsn: str, processes: int, seconds: float) -> float:
    """Calls per second of so many processes."""
    context = multiprocessing.get_context("spawn")
    barrier, done = context.Barrier(processes), context.Queue()
    children = [
        context.Process(target=_work, args=(dsn, number, seconds, barrier, done))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    rates = [done.get(timeout=600) for _ in children]
    for child in children:
        child.join()
    return sum(rates)


def _work(dsn: str, number: int, seconds: float, barrier: Barrier, done: Any) -> None:
    chance, language = random.Random(number), Language(seed=number)
    cm = opened(PostgresStore(dsn, schema="scale_many", pool_size=2))
    users = [cm.scoped(**named(user)) for user in range(number * USERS, (number + 1) * USERS)]
    for user in users:
        user.build("What was said?", budget=2000, now=NOW)
    barrier.wait(600)
    began = time.perf_counter()
    calls = 0
    while time.perf_counter() < began + seconds:
        user = chance.choice(users)
        if chance.random() < READS:
            user.build(language.question()[0], budget=2000, now=NOW)
        else:
            user.observe(language.message(), "Noted.")
        calls += 1
    done.put(calls / (time.perf_counter() - began))
    cm.close()

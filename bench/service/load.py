"""Many connections that ask a service at once, and what they saw.

The client speaks just enough HTTP over plain sockets to cost little beside the service, which has
the same cores. It decides the mix of requests; it knows nothing of how they are answered.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

NAMES = ("Ada", "Bo", "Cleo", "Dag", "Eli", "Fay", "Gus", "Hana")
THINGS = ("boat", "bicycle", "greenhouse", "piano", "tent", "ladder", "kayak", "oven")
PLACES = ("the harbour", "the shed", "the attic", "Porto", "the garden", "the cellar")
NOTES = 50
"""Memories that each user has from the beginning."""


@dataclass
class Seen:
    """What the connections saw.

    Attributes:
        seconds: How long each request took, by the name of its kind.
        failures: Answers that were not 200, by kind and status.
        lasted: Seconds in all.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: Counter[str] = field(default_factory=Counter)
    lasted: float = 0.0

    @property
    def requests(self) -> int:
        """How many were answered."""
        return sum(map(len, self.seconds.values()))

    def percentile(self, kind: str | None, share: float) -> float:
        """Milliseconds below which a share of the answers of a kind, or of all, came."""
        taken = self.seconds[kind] if kind else [s for all_ in self.seconds.values() for s in all_]
        return float(np.percentile(taken, 100 * share)) * 1000


class Connection:
    """One connection of one user."""

    def __init__(self, host: str, port: int, user: str, key: str) -> None:
        self._host, self._port, self._key = host, port, key
        self.user = user
        self.ids: list[str] = []
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Send a request and wait for all of its answer."""
        sent = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        self._writer.write(head.encode() + sent)
        told = await self._reader.readuntil(b"\r\n\r\n")
        lines = told.decode("latin-1").lower().split("\r\n")
        length = next(
            int(line.split(":")[1]) for line in lines if line.startswith("content-length")
        )
        return int(lines[0].split()[1]), await self._reader.readexactly(length)


Kind = Callable[[Connection, random.Random], tuple[str, str, Any]]


def _sentence(chance: random.Random) -> str:
    name, thing, place = chance.choice(NAMES), chance.choice(THINGS), chance.choice(PLACES)
    return f"{name} keeps the {thing} number {chance.randrange(1000)} in {place}."


def _question(chance: random.Random) -> str:
    return f"Where does {chance.choice(NAMES)} keep the {chance.choice(THINGS)}?"


def _query(one: Connection, chance: random.Random) -> tuple[str, str, Any]:
    return "POST", "/v1/memory/query", {"query": _question(chance), "user_id": one.user}


def _context(one: Connection, chance: random.Random) -> tuple[str, str, Any]:
    asked = {"input": _question(chance), "budget": 1000, "user_id": one.user, "explain": False}
    return "POST", "/v1/context", asked


def _look(one: Connection, chance: random.Random) -> tuple[str, str, Any]:
    return "GET", f"/v1/memory/{chance.choice(one.ids)}?user_id={one.user}", None


def _stats(one: Connection, chance: random.Random) -> tuple[str, str, Any]:
    return "GET", f"/v1/memory/stats?user_id={one.user}", None


def _observe(one: Connection, chance: random.Random) -> tuple[str, str, Any]:
    said = [
        {"role": "user", "content": _sentence(chance)},
        {"role": "assistant", "content": "Noted."},
    ]
    return "POST", "/v1/turns", {"messages": said, "user_id": one.user}


def _health(one: Connection, chance: random.Random) -> tuple[str, str, Any]:
    return "GET", "/health", None


MIX: dict[str, tuple[Kind, int]] = {
    "query": (_query, 40),
    "context": (_context, 20),
    "look": (_look, 15),
    "stats": (_stats, 4),
    "observe": (_observe, 20),
    "health": (_health, 1),
}
"""Kinds of requests and how many of a hundred are of this kind: 80 read, 20 write."""


READS = {name: kind for name, kind in MIX.items() if name != "observe"}
"""The same without the writes."""


async def prepared(host: str, port: int, key: str, connections: int) -> list[Connection]:
    """So many connections, with a user on each who has some memories."""
    users = [Connection(host, port, f"user-{number}", key) for number in range(connections)]
    await asyncio.gather(*map(_prepare, users))
    return users


async def load(
    users: Sequence[Connection], mix: dict[str, tuple[Kind, int]], seconds: float
) -> Seen:
    """Ask for so many seconds over all connections at once."""
    seen = Seen()
    started = time.perf_counter()
    end = started + seconds
    await asyncio.gather(*(_asking(user, mix, end, seen) for user in users))
    seen.lasted = time.perf_counter() - started
    return seen


async def _prepare(user: Connection) -> None:
    chance = random.Random(f"{user.user} before")
    await user.open()
    for _ in range(NOTES):
        note = {"text": _sentence(chance), "user_id": user.user}
        status, body = await user.ask("POST", "/v1/memory/add", note)
        if status != 200:
            raise RuntimeError(f"preparing failed with {status}: {body[:200]!r}")
        user.ids.append(json.loads(body)["memory_id"])
    await user.ask("POST", "/v1/memory/query", {"query": "boat", "user_id": user.user})


async def _asking(
    user: Connection, mix: dict[str, tuple[Kind, int]], end: float, seen: Seen
) -> None:
    chance = random.Random(user.user)
    names = list(mix)
    weights = [weight for _, weight in mix.values()]
    while (now := time.perf_counter()) < end:
        name = chance.choices(names, weights)[0]
        status, _ = await user.ask(*mix[name][0](user, chance))
        seen.seconds[name].append(time.perf_counter() - now)
        if status != 200:
            seen.failures[f"{name} {status}"] += 1

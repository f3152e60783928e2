"""What was done lately for each user: how long it took, what it cost, how much of a prompt stayed.

Decides what is kept of an operation: figures, in this process, and no text. How much of a prompt
stands again at the beginning of the next one is told by hashes of its beginnings, keyed with a
secret of this process, so that nothing here betrays what was said.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from typing import TypeVar

from context_manager.records import Operation, Partition

K = TypeVar("K")
V = TypeVar("V")

ROWS = 200
"""Operations kept per user."""
USERS = 1000
"""Users kept; of more, those who did nothing for longest are dropped."""
SESSIONS = 100
"""Sessions per user whose latest prompt is compared with the next."""
BLOCK = 64
"""Characters of a prompt told apart."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation.

    Args:
        at: When it began, seconds since 1970.
        name: As on `Operation`.
        seconds: How long it took.
        tokens, budget: Of a prompt; None for anything else.
        reused: Share of the session's prompt before this one that stands again at its beginning;
            None for the first one.
        degraded: What did not work.
        failed: Whether it ended with an error.
    """

    at: float
    name: str
    seconds: float
    tokens: int | None
    budget: int | None
    reused: float | None
    degraded: tuple[str, ...]
    failed: bool


@dataclass(slots=True)
class _User:
    rows: deque[Row] = field(default_factory=lambda: deque(maxlen=ROWS))
    prompts: OrderedDict[str, list[bytes]] = field(default_factory=OrderedDict)


class Usage:
    """A hook that keeps the latest figures of each user."""

    log_content = True  # the text of a prompt is hashed and let go

    def __init__(self) -> None:
        self._users: OrderedDict[Partition, _User] = OrderedDict()
        self._secret = secrets.token_bytes(16)
        self._lock = Lock()

    def __call__(self, operation: Operation) -> None:
        """Take note of an operation."""
        text = (operation.content or {}).get("text") if operation.name == "build" else None
        beginnings = None if text is None else self._beginnings(text)
        figures = operation.figures
        with self._lock:
            user = _latest(self._users, operation.scope.partition, _User, USERS)
            reused = None
            if beginnings is not None:
                before = _latest(user.prompts, operation.scope.session_id, list, SESSIONS)
                reused = _share(before, beginnings) if before else None
                user.prompts[operation.scope.session_id] = beginnings
            user.rows.append(
                Row(
                    at=operation.at,
                    name=operation.name,
                    seconds=operation.seconds,
                    tokens=int(figures["tokens"]) if beginnings is not None else None,
                    budget=int(figures["budget"]) if beginnings is not None else None,
                    reused=reused,
                    degraded=operation.degraded,
                    failed=operation.failed,
                )
            )

    def of(self, partition: Partition) -> list[Row]:
        """The latest operations of a user, oldest first."""
        with self._lock:
            user = self._users.get(partition)
            return list(user.rows) if user is not None else []

    def _beginnings(self, text: str) -> list[bytes]:
        """For each block of a text, a hash of all until its end."""
        hashed = blake2b(key=self._secret, digest_size=8)
        found = []
        for start in range(0, len(text), BLOCK):
            hashed.update(text[start : start + BLOCK].encode())
            found.append(hashed.copy().digest())
        return found


def _share(before: list[bytes], now: list[bytes]) -> float:
    same = 0
    for one, other in zip(before, now, strict=False):
        if one != other:
            break
        same += 1
    return same / len(before)


def _latest(held: OrderedDict[K, V], key: K, make: Callable[[], V], most: int) -> V:
    """What is held under a key, made if it is not; what was asked for least lately makes room."""
    found = held.pop(key, None)
    if found is None:
        found = make()
    held[key] = found
    while len(held) > most:
        held.popitem(last=False)
    return found

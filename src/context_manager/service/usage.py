"""What was done lately for each user: how long it took, what it cost, how much of a prompt stayed.

Decides what is kept of an operation: figures, in this process, and no text. How much of a prompt
stands again at the beginning of the next one is told by hashes of its beginnings, keyed with a
secret of this process, so that nothing here betrays what was said.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import TypeVar

from context_manager.records import Operation, Partition

K = TypeVar("K")
V = TypeVar("V")

ROWS = 100
"""Operations kept per user."""
USERS = 500
"""Users kept; of more, those who did nothing for longest are dropped."""
PROMPTS = 2000
"""Sessions whose latest prompt is compared with the next, of all users together."""
BLOCK = 64
"""Characters of a prompt told apart."""
MARK = 8
"""Bytes of a hash."""


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


class Usage:
    """A hook that keeps the latest figures of each user."""

    log_content = True  # the text of a prompt is hashed and let go

    def __init__(self) -> None:
        self._rows: OrderedDict[Partition, deque[Row]] = OrderedDict()
        self._prompts: OrderedDict[tuple[Partition, str], bytes] = OrderedDict()
        self._secret = secrets.token_bytes(16)
        self._lock = Lock()

    def __call__(self, operation: Operation) -> None:
        """Take note of an operation."""
        text = (operation.content or {}).get("text") if operation.name == "build" else None
        now = None if text is None else self._beginnings(text)
        partition = operation.scope.partition
        with self._lock:
            reused = None
            if now is not None:
                session = (partition, operation.scope.session_id)
                before = self._prompts.pop(session, None)
                reused = _share(before, now) if before else None
                _keep(self._prompts, session, now, PROMPTS)
            rows = self._rows.pop(partition, None) or deque(maxlen=ROWS)
            rows.append(_row(operation, reused, built=now is not None))
            _keep(self._rows, partition, rows, USERS)

    def of(self, partition: Partition) -> list[Row]:
        """The latest operations of a user, oldest first."""
        with self._lock:
            return list(self._rows.get(partition, ()))

    def _beginnings(self, text: str) -> bytes:
        """For each block of a text, a hash of all until its end, one after the other."""
        hashed = blake2b(key=self._secret, digest_size=MARK)
        found = bytearray()
        for start in range(0, len(text), BLOCK):
            hashed.update(text[start : start + BLOCK].encode())
            found += hashed.copy().digest()
        return bytes(found)


def _row(operation: Operation, reused: float | None, *, built: bool) -> Row:
    figures = operation.figures
    return Row(
        at=operation.at,
        name=operation.name,
        seconds=operation.seconds,
        tokens=int(figures["tokens"]) if built else None,
        budget=int(figures["budget"]) if built else None,
        reused=reused,
        degraded=operation.degraded,
        failed=operation.failed,
    )


def _share(before: bytes, now: bytes) -> float:
    """The share of the hashes before that stand again at the beginning."""
    same = 0
    while same < len(before) and before[same : same + MARK] == now[same : same + MARK]:
        same += MARK
    return same / len(before)


def _keep(held: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    """Keep a value; what was kept least lately makes room."""
    held[key] = value
    while len(held) > most:
        held.popitem(last=False)

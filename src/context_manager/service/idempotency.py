"""Requests that are sent again: the second one gets the first one's answer and does nothing.

This file decides what makes two requests the same, and how long answers are kept: in this process,
for a day, as many as fit. Answers hold content, so forgetting drops those of its partition.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock

from context_manager.records import Partition
from context_manager.service.refusals import key_in_use, key_reused
from context_manager.service.wire import Reply

KEPT_SECONDS = 86_400.0
KEPT_BYTES = 16 * 2**20
MAX_KEY = 255


@dataclass(slots=True)
class _Kept:
    request: bytes
    since: float
    reply: Reply | None = None


class Replays:
    """Answers to requests that carry an ``Idempotency-Key``.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[Partition, str], _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def begin(self, whose: Partition, key: str, request: bytes) -> Reply | None:
        """Begin a request.

        Args:
            whose: Keys of different partitions are different.
            key: As the client sent it.
            request: Everything that makes it the same request.

        Returns:
            The answer it got before; None if it is new, and must be ended.

        Raises:
            Refused: The key was used for another request, or is in use.
        """
        digest = blake2b(request, digest_size=16).digest()
        with self._lock:
            self._drop_old()
            kept = self._kept.get((whose, key))
            if kept is None:
                self._kept[whose, key] = _Kept(digest, self._clock())
                return None
            if kept.request != digest:
                raise key_reused()
            if kept.reply is None:
                raise key_in_use()
            return kept.reply

    def end(self, whose: Partition, key: str, reply: Reply | None) -> None:
        """Keep the answer of a request; None forgets that it began, so that it may be repeated."""
        with self._lock:
            kept = self._kept.get((whose, key))
            if kept is None:
                return
            if reply is None:
                del self._kept[whose, key]
                return
            kept.reply = reply
            self._bytes += len(reply.body)
            self._drop_old()

    def forget(self, whose: Partition) -> None:
        """Drop the finished answers of a partition."""
        with self._lock:
            done = [name for name, kept in self._kept.items() if name[0] == whose and kept.reply]
            for name in done:
                self._drop(name)

    def _drop_old(self) -> None:
        limit = self._clock() - KEPT_SECONDS
        for name in list(self._kept):
            kept = self._kept[name]
            if kept.since >= limit and self._bytes <= KEPT_BYTES:
                return
            if kept.reply is not None or kept.since < limit:
                self._drop(name)

    def _drop(self, name: tuple[Partition, str]) -> None:
        reply = self._kept.pop(name).reply
        self._bytes -= 0 if reply is None else len(reply.body)

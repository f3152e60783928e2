"""Requests that are sent again: the second one gets the first one's answer and does nothing.

This file decides what makes two requests the same, and how long answers are kept: in the store, for
a day, so that they outlive a restart and hold for every process. A key is claimed before anything
is done; one whose request was cut off is never done a second time.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock
from typing import Any

from context_manager.errors import ConflictError, StoreError
from context_manager.memory.answers import ANSWERS, KeptAnswer, kept
from context_manager.records import Partition
from context_manager.service.refusals import (
    key_answer_gone,
    key_in_use,
    key_interrupted,
    key_reused,
)
from context_manager.service.wire import Reply
from context_manager.store import Store
from context_manager.store.protocol import Change

KEPT_SECONDS = 86_400.0
RUNNING_SECONDS = 600.0
"""After which a request of another process counts as cut off."""
MOST_BYTES = 65_536
"""Of a longer answer only that it was given is kept."""
PRUNED = 8
"""Old lines dropped at once."""
MAX_KEY = 255

_log = logging.getLogger("context_manager.service")


class Replays:
    """Answers to requests that carry an ``Idempotency-Key``.

    Args:
        store: Where they are kept.
        clock: Seconds since 1970.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._secret = blake2b(store.secret(), person=b"cm-answers", digest_size=32).digest()
        self._process = secrets.token_hex(8)
        self._running: set[tuple[Partition, str]] = set()
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
            Refused: The key was used for another request, is in use, or its request was cut off.
            StoreError: It cannot be told.
        """
        name, digest = self._hash(key), self._hash(request)
        with self._lock:
            before = self._before(whose, name)
            if before is None and self._claimed(whose, name, digest):
                self._running.add((whose, name))
                return None
        before = before or self._before(whose, name)
        if before is None:
            raise key_in_use()
        return self._answer(whose, name, before, digest)

    def end(self, whose: Partition, key: str, request: bytes, reply: Reply | None) -> None:
        """Keep the answer of a request; None forgets that it began, so that it may be repeated."""
        name = self._hash(key)
        change = Change(strike=((ANSWERS, name),))
        if reply is not None:
            answer = _packed(reply) if len(reply.body) <= MOST_BYTES else None
            line = KeptAnswer(self._hash(request), self._clock(), self._process, True, answer)
            change = Change(ledger=(line.draft(name, replace=True),))
        try:
            self._store.apply(whose, change)
        except StoreError as error:  # what was asked is done; the claim keeps it from being redone
            _log.warning("an answer was not kept: %s", type(error).__name__)
        with self._lock:
            self._running.discard((whose, name))

    def _before(self, whose: Partition, name: str) -> KeptAnswer | None:
        lines = self._store.ledger(whose, ANSWERS, [name])
        found = kept(lines[0]) if lines else None
        return None if found is None or self._is_old(found) else found

    def _claimed(self, whose: Partition, name: str, digest: str) -> bool:
        """Whether the key is this request's from now on; of two that try, one is told no."""
        lines = self._store.ledger(whose, ANSWERS, limit=PRUNED)
        lines += self._store.ledger(whose, ANSWERS, [name])
        old = tuple((ANSWERS, line.name) for line in lines if self._is_old(kept(line)))
        claim = KeptAnswer(digest, self._clock(), self._process).draft(name, replace=False)
        try:
            self._store.apply(whose, Change(ledger=(claim,), strike=old))
        except ConflictError:
            return False
        return True

    def _answer(self, whose: Partition, name: str, before: KeptAnswer, digest: str) -> Reply:
        if before.request != digest:
            raise key_reused()
        if before.answer is not None:
            return _unpacked(before.answer)
        if before.done:
            raise key_answer_gone()
        own = before.by == self._process
        recent = before.at > self._clock() - RUNNING_SECONDS
        if (whose, name) in self._running if own else recent:
            raise key_in_use()
        raise key_interrupted()

    def _is_old(self, found: KeptAnswer) -> bool:
        return found.at <= self._clock() - KEPT_SECONDS

    def _hash(self, told: str | bytes) -> str:
        data = told.encode() if isinstance(told, str) else told
        return blake2b(data, key=self._secret, digest_size=16).hexdigest()


def _packed(reply: Reply) -> dict[str, Any]:
    return {
        "status": reply.status,
        "body": reply.body.decode("utf-8", "surrogateescape"),
        "media_type": reply.media_type,
        "headers": dict(reply.headers),
    }


def _unpacked(answer: dict[str, Any]) -> Reply:
    return Reply(**{**answer, "body": answer["body"].encode("utf-8", "surrogateescape")})

"""Vectors of questions, shared between replicas in Redis, so that each is computed once.

Decides what stands there, for how long, and that Redis can fail without being noticed. What is
remembered has its vectors in the store, which replicas share anyway; only questions have none.

One hash of Redis holds the questions of one partition: so no customer can learn from the time an
answer takes what another one asked, and forgetting is deleting one key. Names are hashes keyed with
the store's secret, so that they betray no text. Whatever comes back is checked like any vector.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from context_manager.embedding.cache import VectorCache
from context_manager.embedding.door import unit_rows
from context_manager.embedding.protocol import Embedder, Vectors
from context_manager.errors import ConfigError, EmbeddingError, MissingExtraError
from context_manager.llm.breaker import CircuitBreaker
from context_manager.records import Partition

_log = logging.getLogger(__name__)

KEPT_SECONDS = 3600
"""How long the questions of a partition are kept after the last one."""

MOST_QUESTIONS = 1024
"""Questions kept of a partition; with more, all are let go."""

TIMEOUT_SECONDS = 0.2
PAUSE_SECONDS = 5.0
"""How long Redis is left alone after it failed: no answer waits for it twice."""


class SharedVectors:
    """Remembers vectors of questions for all processes that name the same Redis and store.

    Args:
        url: Where Redis is, as "redis://host:6379/0".
        secret: The key of the store's hashes.
        clock: Seconds that never go back.

    Raises:
        ConfigError: The URL cannot be used.
        MissingExtraError: The ``redis`` extra is not installed.
    """

    def __init__(
        self, url: str, secret: bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise MissingExtraError("redis", "redis") from error
        try:
            self._redis: Any = redis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise ConfigError(f"Redis is at no such URL: {error}") from error
        self._failure = redis.RedisError
        self._breaker = CircuitBreaker(1, PAUSE_SECONDS, clock)
        self._secret = secret
        self._owed: set[Partition] = set()

    def embed(self, partition: Partition, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        """The vectors of these questions, from here or there or computed; see `Embedder.embed`.

        Raises:
            EmbeddingError: The embedder failed.
        """
        cache = getattr(embedder, "cache", None)
        if not isinstance(cache, VectorCache):
            return embedder.embed(list(texts))
        new = [text for text in dict.fromkeys(texts) if cache.get(text) is None]
        names = {text: self._name(embedder.fingerprint, text) for text in new}
        known = self._read(partition, names, embedder.dimension) if new else {}
        for text, row in known.items():
            cache.put(text, row)
        vectors = embedder.embed(list(texts))
        rows = dict(zip(texts, vectors, strict=True))
        made = {names[text]: rows[text] for text in new if text not in known}
        if made:
            self._write(partition, made)
        return vectors

    def forget(self, partition: Partition) -> bool:
        """Let go of every question of a partition.

        Returns:
            False if Redis cannot be reached. Then it is done before anything of this partition is
            read from it again; at the latest Redis lets go by itself.
        """
        self._owed.add(partition)
        self._breaker.succeeded()  # this is worth a try, whatever failed before
        return self._tried(lambda: self._settle(partition)) is not None

    def close(self) -> None:
        """Close the connections to Redis."""
        self._redis.close()

    def _read(
        self, partition: Partition, names: Mapping[str, str], dimension: int
    ) -> dict[str, NDArray[np.float32]]:
        def read() -> Any:
            self._settle(partition)
            return self._redis.hmget(self._key(partition), list(names.values()))

        found = self._tried(read) or [None] * len(names)
        rows = {text: _vector(packed, dimension) for text, packed in zip(names, found, strict=True)}
        return {text: row for text, row in rows.items() if row is not None}

    def _write(self, partition: Partition, made: Mapping[str, NDArray[np.float32]]) -> None:
        key = self._key(partition)

        def write() -> Any:
            self._settle(partition)
            with self._redis.pipeline() as steps:
                steps.hset(key, mapping={name: row.tobytes() for name, row in made.items()})
                steps.expire(key, KEPT_SECONDS)
                steps.hlen(key)
                kept = steps.execute()[-1]
            if kept > MOST_QUESTIONS:
                self._redis.delete(key)

        self._tried(write)

    def _settle(self, partition: Partition) -> bool:
        """Delete what was to be forgotten while Redis could not be reached."""
        if partition in self._owed:
            self._redis.delete(self._key(partition))
            self._owed.discard(partition)
        return True

    def _tried(self, step: Callable[[], Any]) -> Any:
        """What Redis answers; None while it does not."""
        if self._breaker.is_open:
            return None
        try:
            answer = step()
        except self._failure as error:
            self._breaker.failed()
            _log.warning("questions are not shared for now: %s", type(error).__name__)
            return None
        self._breaker.succeeded()
        return answer

    def _key(self, partition: Partition) -> str:
        return f"context-manager:questions:{self._hash(*partition)}"

    def _name(self, model: str, text: str) -> str:
        return self._hash(model, text)

    def _hash(self, *parts: str) -> str:
        data = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self._secret, digest_size=16).hexdigest()


def _vector(packed: bytes | None, dimension: int) -> NDArray[np.float32] | None:
    """The vector in these bytes, None if there is none that could be one."""
    if packed is None or len(packed) != 4 * dimension:
        return None
    try:
        row: NDArray[np.float32] = unit_rows(np.frombuffer(packed, "<f4")[None, :], 1, dimension)[0]
    except EmbeddingError:
        return None
    return row

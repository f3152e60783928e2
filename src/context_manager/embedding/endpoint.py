"""Embeddings from an OpenAI-shaped HTTP endpoint: OpenAI, Ollama, vLLM, TEI and others.

Decides how texts become requests, in which batches, and when to try again. What one request is
stands in `context_manager.embedding.transport`; what comes back passes the door elsewhere.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from context_manager.embedding.callable import CallableEmbedder
from context_manager.embedding.door import unit_rows
from context_manager.embedding.protocol import Vectors
from context_manager.embedding.spans import averaged, windows
from context_manager.embedding.transport import Answer, Post, post
from context_manager.errors import ConfigError, EmbeddingError
from context_manager.forks import ForkSafeLock

OPENAI = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
    "all-minilm": 384,
    "nomic-embed-text": 768,
    "mxbai-embed-large": 1024,
    "bge-m3": 1024,
}
"""Known widths, so that no call is needed to find out."""

OVERLAP = 200
MOST_WINDOWS = 64
ATTEMPTS = 3
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
LONGEST_WAIT = 5.0
FAILURES = 3
REST = 30.0
"""After 3 failures in a row calls fail at once for 30 seconds: a dead provider costs no time."""


def openai_embedder(
    model: str = "text-embedding-3-small",
    *,
    base_url: str = OPENAI,
    api_key: str | None = None,
    dimension: int | None = None,
    revision: str = "",
    **settings: Any,
) -> CallableEmbedder:
    """An embedder over an OpenAI-shaped endpoint. Making it sends nothing.

    Args:
        model: The model's name at the endpoint.
        base_url: Up to, without, ``/embeddings``; for Ollama ``http://localhost:11434/v1``.
        api_key: Sent as bearer token. Left out, OPENAI_API_KEY of the environment is used, but
            only for OpenAI's own address.
        dimension: Numbers per vector; None looks the model up, or finds out with one call.
        revision: See `CallableEmbedder`. At OpenAI's own address the model's name is enough, so
            no call is spent on finding out.
        settings: Further keywords of `Endpoint`.
    """
    if dimension is None:
        dimension = DIMENSIONS.get(model.partition(":")[0])
    if not revision and _is_openai(base_url):
        revision = "hosted"
    endpoint = Endpoint(model, base_url, api_key, **settings)
    return CallableEmbedder(
        endpoint, dimension=dimension, name=f"openai:{model}", revision=revision
    )


class Endpoint:
    """Sends texts, gives one unit row per text.

    Args:
        model: The model's name at the endpoint.
        base_url: Address without ``/embeddings``.
        api_key: Bearer token or None.
        timeout: Seconds for one call with all its attempts.
        batch_size: Texts per request.
        window: Longest text sent, in characters, since servers cut silently at their own limit;
            a longer text goes as overlapping windows whose vectors are averaged.
        transport: Sends one request; tests hand in a function.
        clock: Seconds, monotonic.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        model: str,
        base_url: str = OPENAI,
        api_key: str | None = None,
        *,
        timeout: float = 15.0,
        batch_size: int = 64,
        window: int = 6000,
        transport: Post = post,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ConfigError(f"base_url must start with http:// or https://, got {base_url!r}")
        if window <= OVERLAP or batch_size < 1 or timeout <= 0:
            raise ConfigError(
                f"window must be above {OVERLAP}, batch_size at least 1, timeout above 0; "
                f"got {window}, {batch_size}, {timeout}"
            )
        self.model = model
        self.url = base_url.rstrip("/") + "/embeddings"
        self.timeout = timeout
        self.batch_size = batch_size
        self.window = window
        self._key = _key_for(base_url, api_key)
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._failures = 0
        self._rests_until = -np.inf
        self._lock = ForkSafeLock()

    def __call__(self, texts: list[str]) -> Vectors:
        """One unit row per text, in order.

        Raises:
            EmbeddingError: No usable answer in time.
        """
        cut = [windows(text, self.window, OVERLAP, MOST_WINDOWS) for text in texts]
        flat = [part for parts in cut for part in parts]
        rows = np.concatenate(
            [
                self._batch(flat[at : at + self.batch_size])
                for at in range(0, len(flat), self.batch_size)
            ]
        )
        ends = np.cumsum([len(parts) for parts in cut])
        return np.stack(
            [
                averaged(rows[end - len(parts) : end], [len(part) for part in parts])
                for end, parts in zip(ends, cut, strict=True)
            ]
        )

    def _batch(self, texts: list[str]) -> Vectors:
        if self._clock() < self._rests_until:
            raise EmbeddingError(f"{self.url} failed {FAILURES} times in a row; resting a while")
        try:
            rows = _rows(self._answer(texts), len(texts))
        except EmbeddingError:
            with self._lock:
                self._failures += 1
                if self._failures >= FAILURES:
                    self._rests_until = self._clock() + REST
            raise
        self._failures = 0
        return rows

    def _answer(self, texts: list[str]) -> Answer:
        """The first answer with status 200 within the time."""
        body = {"model": self.model, "input": texts, "encoding_format": "float"}
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        end = self._clock() + self.timeout
        trouble = EmbeddingError(f"{self.url} gave no answer within {self.timeout:g} seconds")
        for attempt in range(ATTEMPTS):
            left = end - self._clock()
            if left <= 0:
                break
            wait = 0.5 * 2**attempt
            try:
                answer = self._transport(self.url, headers, json.dumps(body).encode(), left)
            except OSError as error:
                trouble = EmbeddingError(f"{self.url} cannot be reached: {type(error).__name__}")
                trouble.__cause__ = error
            else:
                if answer.status == 200:
                    return answer
                trouble = EmbeddingError(f"{self.url} answered {answer.status}{_said(answer)}")
                if answer.status not in RETRIED:
                    break
                wait = _retry_after(answer.headers, wait)
            if attempt + 1 < ATTEMPTS:
                self._sleep(max(0.0, min(wait, LONGEST_WAIT, end - self._clock())))
        raise trouble


def _is_openai(base_url: str) -> bool:
    return base_url.rstrip("/") == OPENAI


def _key_for(base_url: str, api_key: str | None) -> str | None:
    """The key given; OpenAI's from the environment goes to no other host."""
    if api_key is None and _is_openai(base_url):
        return os.environ.get(KEY_VARIABLE)
    return api_key


def _rows(answer: Answer, count: int) -> Vectors:
    """The vectors of an answer, put in the order of the texts."""
    try:
        items = json.loads(answer.body)["data"]
        places = [int(item.get("index", place)) for place, item in enumerate(items)]
        vectors = [item["embedding"] for item in items]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EmbeddingError("the endpoint's answer is no list of embeddings") from error
    if sorted(places) != list(range(count)):
        raise EmbeddingError(f"the endpoint gave {len(places)} embeddings for {count} texts")
    by_place = dict(zip(places, vectors, strict=True))
    return unit_rows([by_place[place] for place in range(count)], count)


def _said(answer: Answer) -> str:
    """What the server says went wrong, at most 200 characters."""
    try:
        return f": {json.loads(answer.body)['error']['message']}"[:200]
    except (ValueError, KeyError, TypeError):
        return ""


def _retry_after(headers: Mapping[str, str], otherwise: float) -> float:
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return otherwise

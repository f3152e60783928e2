"""Answers to requests that were asked before, word for word.

This file decides what "the same request" is. It holds text only in memory and under keyed hashes;
`clear` empties it, which forgetting must do.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import blake2b

from context_manager.flow import LLMRequest
from context_manager.forks import ForkSafeLock


class ReplyCache:
    """The last answers of a model.

    Args:
        size: Most answers kept; 0 keeps none.
    """

    def __init__(self, size: int = 256) -> None:
        self.size = size
        self._key = secrets.token_bytes(32)
        self._answers: OrderedDict[bytes, str] = OrderedDict()
        self._lock = ForkSafeLock()

    def get(self, model: str, request: LLMRequest) -> str | None:
        """The answer to this very request, None if it is not known."""
        name = self._name(model, request)
        with self._lock:
            if name in self._answers:
                self._answers.move_to_end(name)
            return self._answers.get(name)

    def put(self, model: str, request: LLMRequest, answer: str) -> None:
        """Keep an answer."""
        with self._lock:
            self._answers[self._name(model, request)] = answer
            while len(self._answers) > self.size:
                self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget every answer."""
        with self._lock:
            self._answers.clear()

    def __len__(self) -> int:
        return len(self._answers)

    def _name(self, model: str, request: LLMRequest) -> bytes:
        asked = f"{model}\0{request.max_tokens}\0{request.temperature}\0{request.prompt}"
        return blake2b(asked.encode("utf-8", "replace"), key=self._key, digest_size=16).digest()

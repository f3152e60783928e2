"""How long a search waits for an embedder that is not in this process.

Decides what happens when it takes too long: the search goes on without it, the call is left to end
by itself, and until it has ended no other is begun, so that a dead endpoint holds one thread and no
prompt. It knows no text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from context_manager.embedding.protocol import Embedder
from context_manager.errors import EmbeddingError
from context_manager.flow import within
from context_manager.forks import ForkSafeLock

T = TypeVar("T")


class Timely:
    """Calls embedders, each for a bounded time."""

    def __init__(self) -> None:
        self._running: set[tuple[int, object]] = set()  # calls that nobody waits for any more
        self._lock = ForkSafeLock()

    def is_late(self, embedder: Embedder) -> bool:
        """Whether an earlier call, given up, is still running."""
        with self._lock:
            return any(whose == id(embedder) for whose, _ in self._running)

    def call(self, embedder: Embedder, patience: float | None, work: Callable[[], T]) -> T:
        """What the work returns.

        Args:
            embedder: What the work waits for.
            patience: Seconds to wait; None for as long as it takes. A `local` embedder is asked
                without a thread of its own.
            work: What to do.

        Raises:
            EmbeddingError: It takes too long, or an earlier call still does.
        """
        if patience is None or is_local(embedder):
            return work()
        if self.is_late(embedder):
            raise EmbeddingError("an earlier call of the embedder has not ended yet")
        mine = (id(embedder), object())
        ended = False

        def watched() -> T:
            nonlocal ended
            try:
                return work()
            finally:
                with self._lock:
                    ended = True
                    self._running.discard(mine)

        try:
            return within(patience, watched)
        except TimeoutError as error:
            with self._lock:
                if not ended:
                    self._running.add(mine)
            raise EmbeddingError(f"the embedder did not answer within {patience:g} s") from error


def is_local(embedder: Embedder) -> bool:
    """Whether it computes in this process, so that nothing outside of it can keep it waiting."""
    return bool(getattr(getattr(embedder, "embedder", embedder), "local", False))

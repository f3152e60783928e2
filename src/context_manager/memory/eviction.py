"""Which turn leaves short-term memory first: the policies by name.

This file decides only what a turn is worth; moving and accounting stay with `ShortTermMemory`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from context_manager.errors import InputError
from context_manager.memory.working_set import CountsTokens, ShortTermMemory
from context_manager.records import Turn
from context_manager.records.number import is_finite


class LRUShortTermMemory(ShortTermMemory):
    """Short-term memory that lets go of the least recently used turn.

    Use is being added, returned by `get_recent_turns`, or named in `touch`. It is counted in
    steps, not by the clock, so it never depends on the resolution of one.
    """

    def __init__(
        self,
        max_tokens: int = 8000,
        token_counter: CountsTokens | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(max_tokens, token_counter, clock=clock)
        self._step = 0
        self._used: dict[int, tuple[int, Turn]] = {}  # holds the turn, so that no id is reused

    def get_recent_turns(self, k: int) -> list[Turn]:
        """The last ``k`` turns, oldest first; they count as used now."""
        with self._lock:
            recent = super().get_recent_turns(k)
            self._use(recent)
            return recent

    def touch(self, turn_ids: Iterable[str]) -> None:
        """Count the turns with these ids as used now."""
        wanted = set(turn_ids)
        with self._lock:
            self._use(turn for turn in self.turns if turn.id in wanted)

    def _evict_if_needed(self) -> None:
        self._use(turn for turn in self.turns if id(turn) not in self._used)
        super()._evict_if_needed()
        present = {id(turn) for turn in self.turns}
        self._used = {key: use for key, use in self._used.items() if key in present}

    def _worth(self, turn: Turn) -> float:
        step, _ = self._used.get(id(turn), (self._step + 1, turn))
        return step

    def _use(self, turns: Iterable[Turn]) -> None:
        for turn in turns:
            self._step += 1
            self._used[id(turn)] = (self._step, turn)


class PriorityShortTermMemory(ShortTermMemory):
    """Short-term memory that lets go of the turn with the lowest priority, the oldest among equals.

    A turn's priority is its `Turn.priority`. A new turn of lower priority than all others is the
    first to go.
    """

    def add_turn_with_priority(
        self, user_input: str, assistant_response: str, priority: float = 1.0
    ) -> Turn:
        """Make a turn of two texts, give it a priority, and append it.

        Args:
            user_input: What the user said.
            assistant_response: What the assistant answered.
            priority: Any finite number; 1.0 is what `add_turn` gives.

        Raises:
            InputError: The priority is not a finite number.
        """
        if not is_finite(priority):
            raise InputError(f"priority must be a finite number, got {priority!r:.100}")
        return self._add(
            Turn(user_input, assistant_response, 0, self.clock(), priority=float(priority))
        )

    def _worth(self, turn: Turn) -> float:
        return turn.priority


EVICTION: dict[str, type[ShortTermMemory]] = {
    "fifo": ShortTermMemory,
    "lru": LRUShortTermMemory,
    "priority": PriorityShortTermMemory,
}
"""Policies by the name that ``MemoryConfig.stm_eviction`` takes; add your own class here."""

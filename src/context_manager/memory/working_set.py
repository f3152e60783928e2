"""The token-bounded working set of one session.

This file decides what is at hand and what has left: nothing that leaves is dropped. A turn is in
exactly one of three places: `turns` (the working set), `fallen` (out, waiting to be summarised) or
handed out as a chunk; `mark_consolidated` alone lets go of it. It must not know stores, summaries
or prompts.

Which turn leaves first is the policy: `_worth` of a built-in class (`eviction.py`), or a subclass's
own `_evict_if_needed`, which may pop `turns` itself. What went missing is found by comparing
`turns` with what was there before, so no subclass has to report it.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Protocol

from context_manager.forks import ForkSafeLock
from context_manager.memory.departed import (
    Departed,
    Key,
    discard,
    is_unwritten,
    key_of,
    left_in_front,
    tokens_of,
)
from context_manager.records import Turn

_log = logging.getLogger(__name__)


class CountsTokens(Protocol):
    """Whatever counts the tokens of a text."""

    def count_tokens(self, text: str) -> int:
        """Number of tokens of ``text``."""
        ...


class ShortTermMemory:
    """The most recent turns of one session, at most `max_tokens` of them; first in, first out.

    All methods may be called from any thread. `turns` may be read and popped by subclasses;
    `current_tokens` is put right after each of their changes.

    Args:
        max_tokens: Capacity; may be assigned later and holds from the next turn or `evict` on.
        token_counter: Counts tokens; the default counter when left out.
        clock: Gives the time of new turns, seconds since 1970.

    Attributes:
        journal: Stores and appends a new turn; set by a manager, None holds it here only.

    Example:
        >>> class Words:
        ...     def count_tokens(self, text):
        ...         return len(text.split())
        >>> memory = ShortTermMemory(max_tokens=8, token_counter=Words())
        >>> _ = memory.add_turn("I moved to Lisbon", "How nice")
        >>> _ = memory.add_turn("Tell me a joke", "Not now")
        >>> memory.get_recent_texts(5), [turn.user_input for turn in memory.fallen]
        (['User: Tell me a joke\\nAssistant: Not now'], ['I moved to Lisbon'])
    """

    turns: deque[Turn]
    current_tokens: int
    max_tokens: int

    def __init__(
        self,
        max_tokens: int = 8000,
        token_counter: CountsTokens | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.max_tokens = max_tokens
        self.turns = deque()
        self.current_tokens = 0
        self._token_counter = token_counter
        self.clock = clock
        self._lock = ForkSafeLock()
        self._known: list[Turn] = []  # `turns` as we last left them
        self._known_tokens = 0
        self._departed = Departed()
        self.journal: Callable[[Turn], Turn] | None = None

    @property
    def token_counter(self) -> CountsTokens:
        """What counts the tokens of new turns."""
        if self._token_counter is None:
            from context_manager.tokens import TokenCounter

            self._token_counter = TokenCounter()
        return self._token_counter

    @token_counter.setter
    def token_counter(self, counter: CountsTokens | None) -> None:
        self._token_counter = counter

    def add_turn(self, user_input: str, assistant_response: str) -> Turn:
        """Make a turn of two texts and append it.

        Returns:
            The turn, whether or not the policy kept it in the working set.
        """
        return self._add(Turn(user_input, assistant_response, 0, self.clock()))

    def append(self, turn: Turn) -> None:
        """Append a turn made elsewhere; one that is held already changes nothing."""
        with self._lock:
            self._settle()
            if turn not in self._departed:
                self.turns.append(turn)
                self._departed.arrive([turn])
                self._known.append(turn)
                self._known_tokens += turn.token_count
                self.current_tokens = self._known_tokens
                self._act()

    def evict(self) -> None:
        """Let the policy act now; for a `max_tokens` that was changed."""
        with self._lock:
            self._settle()
            self._act()

    def _act(self) -> None:
        try:
            self._evict_if_needed()
        except Exception as error:  # noqa: BLE001 - a subclass's own policy, called as a hook
            _log.warning("eviction policy failed with %s; using its base", type(error).__name__)
            self._settle()
            ShortTermMemory._evict_if_needed(self)
        self._settle()

    def _evict_if_needed(self) -> None:
        """Hook of subclasses: remove from `turns` what must go. The base removes by `_worth`."""
        if self.current_tokens <= self.max_tokens:
            return
        leaving: set[Key] = set()
        for turn in self._in_order_of_leaving():
            if self.current_tokens <= self.max_tokens:
                break
            leaving.add(key_of(turn))
            self.current_tokens -= turn.token_count
        while self.turns and key_of(self.turns[0]) in leaving:
            leaving.discard(key_of(self.turns.popleft()))
        if leaving:
            discard(self.turns, leaving)

    def _in_order_of_leaving(self) -> Iterable[Turn]:
        """First what alone exceeds the capacity, then by `_worth`, the oldest among equals."""
        most = self.max_tokens
        alike = type(self)._worth is ShortTermMemory._worth
        turns = self.turns if alike else sorted(self.turns, key=self._worth)
        too_long = [turn for turn in turns if turn.token_count > most]
        return chain(too_long, (turn for turn in turns if turn.token_count <= most))

    def _worth(self, turn: Turn) -> float:
        """What the policy gives for a turn; the least goes first, the oldest among equals."""
        return 0.0

    def get_recent_turns(self, k: int) -> list[Turn]:
        """The last ``k`` turns of the working set, oldest first."""
        with self._lock:
            return list(self.turns)[-k:] if k > 0 else []

    def get_recent_texts(self, k: int) -> list[str]:
        """The texts of the last ``k`` turns, oldest first."""
        return [turn.text for turn in self.get_recent_turns(k)]

    def touch(self, turn_ids: Iterable[str]) -> None:
        """Take note that these turns were of use; only policies that go by use care."""

    @property
    def fallen(self) -> tuple[Turn, ...]:
        """Turns that left the working set and are in no chunk yet, in conversation order."""
        with self._lock:
            self._settle()
            return tuple(self._departed.fallen)

    @property
    def fallen_tokens(self) -> int:
        """Tokens of `fallen`."""
        with self._lock:
            self._settle()
            return self._departed.fallen_tokens

    @property
    def pending(self) -> tuple[Turn, ...]:
        """Every turn that left the working set and is not consolidated, in conversation order."""
        with self._lock:
            self._settle()
            gone = self._departed
            return tuple(gone.in_order((*gone.handed_out, *gone.fallen)))

    def get_chunk_for_summarization(self, chunk_size: int) -> tuple[list[Turn], int]:
        """Take whole turns for a summary: fallen ones first, then the oldest of the working set.

        They leave the working set and stay in `pending` until `mark_consolidated`, or go back to
        `fallen` with `hand_back`.

        Args:
            chunk_size: Most tokens of the chunk; one turn is taken even when it is longer.

        Returns:
            The turns in conversation order and the sum of their tokens; ``([], 0)`` if there are
            none.
        """
        with self._lock:
            self._settle()
            chunk: list[Turn] = []
            tokens = 0
            for turn in (*self._departed.fallen, *self.turns):
                if chunk and tokens + turn.token_count > chunk_size:
                    break
                chunk.append(turn)
                tokens += turn.token_count
            discard(self.turns, {key_of(turn) for turn in chunk})
            self._remember()
            self._departed.hand_out(chunk)
            return self._departed.in_order(chunk), tokens

    def mark_consolidated(self, turns: Iterable[Turn]) -> None:
        """Let go of turns that a summary now stands for; turns still in `turns` stay there."""
        with self._lock:
            self._settle()
            present = {key_of(turn) for turn in self.turns}
            self._departed.let_go({key_of(turn) for turn in turns} - present)

    def hand_back(self, turns: Iterable[Turn]) -> None:
        """Return the turns of a chunk whose summary failed to `fallen`; others are ignored."""
        with self._lock:
            self._departed.hand_back({key_of(turn) for turn in turns})

    @property
    def unwritten(self) -> tuple[Turn, ...]:
        """Turns with a text that no journal holds; those that left come first."""
        with self._lock:
            self._settle()
            gone = self._departed
            left = [turn for turn in (*gone.handed_out, *gone.fallen) if not turn.id]
            held = [turn for turn in self.turns if not turn.id]
            return tuple(filter(is_unwritten, (*gone.in_order(left), *held)))

    def exchange(self, held: Turn, stored: Turn) -> None:
        """Put a turn as it was stored in the place of the one that is held."""
        with self._lock:
            self._settle()
            for place, turn in enumerate(self.turns):
                if turn is held:
                    self.turns[place] = stored
            self._departed.exchange(held, stored)
            self._remember()

    def remove(self, turn_ids: Iterable[str]) -> int:
        """Forget the turns with these ids wherever they are.

        Returns:
            How many there were.
        """
        with self._lock:
            self._settle()
            keys: set[Key] = {*turn_ids}
            discard(self.turns, keys)
            self._remember()
            return self._departed.let_go(keys)

    def replace_all(self, turns: Iterable[Turn]) -> None:
        """Start anew from a journal: the turns of this session that no summary stands for.

        The policy keeps what fits; the rest is `fallen`.
        """
        with self._lock:
            self.clear()
            self.turns.extend(turns)
            self.evict()

    def clear(self) -> None:
        """Forget every turn, also those that wait for a summary."""
        with self._lock:
            self.turns.clear()
            self._departed = Departed()
            self._remember()

    def get_stats(self) -> dict[str, Any]:
        """Counts, JSON-ready; ``utilization`` is the used share of the capacity."""
        with self._lock:
            self._settle()
            return {
                "num_turns": len(self.turns),
                "current_tokens": self.current_tokens,
                "max_tokens": self.max_tokens,
                "utilization": self.current_tokens / self.max_tokens if self.max_tokens else 0.0,
                "pending_turns": len(self.pending),
            }

    def __len__(self) -> int:
        return len(self.turns)

    def _add(self, draft: Turn) -> Turn:
        turn = replace(draft, token_count=self.token_counter.count_tokens(draft.text))
        if self.journal is not None and is_unwritten(turn):
            return self.journal(turn)
        self.append(turn)
        return turn

    def _settle(self) -> None:
        """Account for whatever was done to `turns` behind our back."""
        left = left_in_front(self._known, self.turns)
        if left is None:
            before, now = set(map(id, self._known)), set(map(id, self.turns))
            self._account(
                [turn for turn in self.turns if id(turn) not in before],
                [turn for turn in self._known if id(turn) not in now],
            )
            self._remember()
        elif left or len(self.turns) > len(self._known):
            came = list(islice(self.turns, len(self._known) - left, None))
            gone = self._known[:left]
            self._account(came, gone)
            self._known = list(self.turns)
            self._known_tokens += tokens_of(came) - tokens_of(gone)
        self.current_tokens = self._known_tokens

    def _account(self, came: Sequence[Turn], gone: Sequence[Turn]) -> None:
        """Note which turns came and which left. The same one may come as another object, read from
        the journal once more.
        """
        came_keys, gone_keys = set(map(key_of, came)), set(map(key_of, gone))
        self._departed.arrive(turn for turn in came if key_of(turn) not in gone_keys)
        self._departed.fall(turn for turn in gone if key_of(turn) not in came_keys)

    def _remember(self) -> None:
        self._known = list(self.turns)
        self.current_tokens = self._known_tokens = tokens_of(self.turns)

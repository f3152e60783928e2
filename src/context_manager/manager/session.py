"""One session's working set in this process, kept in step with the journal.

Decides when turns are read from the store: at first use, and whenever the partition's version has
moved, so that what another process observed or forgot is seen. It builds nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from context_manager.context.window import KNOWN, Size
from context_manager.forks import ForkSafeLock
from context_manager.memory.short_term import ShortTermMemory
from context_manager.records import Scope, Turn
from context_manager.store.protocol import Store, Version


class Session:
    """Short-term memory of one session.

    Args:
        store: Where its turns are journalled.
        scope: Which session.
        memory: The working set.
        at_hand: A turn as the working set holds it: what is too long for it stays in the store.
        assigned: Whether the user gave it, so that it does not follow the settings.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        memory: ShortTermMemory,
        at_hand: Callable[[Turn], Turn] = lambda turn: turn,
        *,
        assigned: bool = False,
    ) -> None:
        self.lock = ForkSafeLock()
        self.memory = memory
        self.assigned = assigned
        self._at_hand = at_hand
        self._store = store
        self._scope = scope
        self._version: Version | None = None
        self._sizes: deque[Size] = deque(maxlen=KNOWN)
        self._last_seq = -1
        self.left_tokens = 0
        """Tokens that had left the working set when a worker was last asked to summarise them."""

    @property
    def last_seq(self) -> int:
        """Place of the last turn known, -1 if there is none."""
        return self._last_seq

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Places and tokens of the latest turns, oldest first."""
        with self.lock:
            return tuple(self._sizes)

    def follow(self) -> None:
        """Take over what happened to the session elsewhere."""
        with self.lock:
            version = self._store.version(self._scope.partition)
            if version == self._version:
                return
            if self._version is None or version.epoch != self._version.epoch:
                self._reload()
            else:
                self._append_new()
            self._version = version

    def reload(self) -> None:
        """Read the session anew from the store."""
        with self.lock:
            self._version = None
            self.follow()

    def append(self, turn: Turn, version: Version) -> None:
        """Append a turn that was just journalled, after all that was said before it.

        Args:
            turn: With its seq.
            version: The partition's after that change. In the epoch that is known, nothing was
                forgotten, so there is nothing else to follow.
        """
        with self.lock:
            known = self._version
            if known is None:
                self._reload(before=turn.seq)
            if turn.seq == self._last_seq + 1:
                self._take(turn)
            else:
                self._append_new()
            if known is None or known.epoch == version.epoch:
                self._version = version
            else:
                self.follow()

    def _reload(self, before: int | None = None) -> None:
        """Read the turns of the session, or those before one; before the first there is none."""
        unwritten = [turn for turn in self.memory.turns if not turn.id]
        open_turns = self._store.unconsolidated(self._scope) if before != 0 else []
        latest = self._store.turns(self._scope, before=before, last=KNOWN) if before != 0 else []
        held = [self._at_hand(t) for t in open_turns if before is None or t.seq < before]
        self.memory.replace_all([*held, *unwritten])
        sizes = [(turn.seq, self._at_hand(turn).token_count) for turn in latest]
        self._last_seq = sizes[-1][0] if sizes else -1
        self._sizes = deque(sizes, KNOWN)

    def _append_new(self) -> None:
        for turn in self._store.turns(self._scope, after=self._last_seq):
            self._take(turn)

    def _take(self, turn: Turn) -> None:
        held = self._at_hand(turn)
        self.memory.append(held)
        self._sizes.append((held.seq, held.token_count))
        self._last_seq = turn.seq

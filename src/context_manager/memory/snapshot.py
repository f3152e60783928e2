"""What is known of a partition at one version, as ranking reads it.

Decides which rows a query of a scope may return; nothing about how rows come to be arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from context_manager.records import Scope
from context_manager.retrieval import KIND_CODES, Corpus
from context_manager.store.protocol import Pending, Version


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A partition as of one version.

    Args:
        version: The store's version it shows.
        corpus: What ranking reads.
        ids: Entry ids by row.
        session, task: Codes by row, see `sessions` and `tasks`.
        starts, ends: Character range of each passage in its entry's text.
        counts: Passages of each entry.
        expires, valid_from, valid_to: Seconds since 1970 by row, NaN for none.
        superseded: True by row where another entry replaced it.
        sessions, tasks: Code of each session and task id, later ones perhaps among them.
        pending: Passages without a vector of the view's model, oldest first.
    """

    version: Version
    corpus: Corpus
    ids: NDArray[np.object_]
    session: NDArray[np.int32]
    task: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    counts: NDArray[np.int32]
    expires: NDArray[np.float64]
    valid_from: NDArray[np.float64]
    valid_to: NDArray[np.float64]
    superseded: NDArray[np.bool_]
    sessions: dict[str, int]
    tasks: dict[str, int]
    pending: Sequence[Pending] = ()

    def __len__(self) -> int:
        return len(self.corpus.entries)

    def eligible(
        self,
        scope: Scope,
        recall: str,
        now: float,
        kinds: Sequence[str] | None = None,
        as_of: float | None = None,
    ) -> NDArray[np.bool_]:
        """Which rows a query of this scope may return.

        Args:
            scope: Who asks; its partition is this one.
            recall: "user" (all sessions), "session" or "task".
            now: Seconds since 1970; what has expired is left out.
            kinds: Only these kinds.
            as_of: Only what was known and valid at that time.
        """
        entries = self.corpus.entries
        mask = ~(self.expires <= now)
        if as_of is None:
            mask &= ~self.superseded & ~(self.valid_to <= now) & ~(self.valid_from > now)
        else:
            mask &= entries.time <= as_of
            mask &= ~(self.valid_to <= as_of) & ~(self.valid_from > as_of)
        if kinds is not None:
            wanted = np.zeros(len(KIND_CODES), dtype=np.bool_)
            wanted[[KIND_CODES[kind] for kind in kinds]] = True
            mask &= wanted[entries.kind]
        if recall == "session":
            mask &= self.session == self.sessions.get(scope.session_id, -2)
        elif recall == "task":
            mask &= self.task == self.tasks.get(scope.task_id, -2)
        return mask

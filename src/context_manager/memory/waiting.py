"""What this process wrote without a vector, so that embedding it need not look for it.

Decides what is remembered of it: places, never texts. What others wrote, or what was left over by
an earlier process, is in the store; whoever must find all of it asks there.
"""

from __future__ import annotations

from itertools import islice

from context_manager.forks import ForkSafeLock
from context_manager.records import Partition
from context_manager.store.intake import all_drafts
from context_manager.store.protocol import Change, Pending

MOST = 10_000
"""Passages remembered of a partition; with more, the store is asked again."""


class Waiting:
    """Passages that wait for a vector, by partition, oldest first.

    Args:
        most: Passages remembered of a partition.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._jobs: dict[Partition, dict[tuple[str, int], Pending]] = {}
        self._searched: set[tuple[Partition, str]] = set()
        self._lock = ForkSafeLock()

    def note(self, partition: Partition, change: Change) -> None:
        """Remember what a change wrote without a vector."""
        fresh = {
            (draft.entry.id, ordinal): Pending(draft.entry.id, ordinal, passage.start, passage.end)
            for draft in all_drafts(change)
            if not draft.vectors
            for ordinal, passage in enumerate(draft.passages)
        }
        if not fresh:
            return
        with self._lock:
            jobs = self._jobs.setdefault(partition, {})
            jobs.update(fresh)
            if len(jobs) > self._most:
                self._let_go(partition)

    def let_go(self, partition: Partition) -> None:
        """Forget what is known of a partition: the store is asked when it matters again."""
        with self._lock:
            self._let_go(partition)

    def _let_go(self, partition: Partition) -> None:
        self._jobs.pop(partition, None)
        self._searched = {known for known in self._searched if known[0] != partition}

    def some(self, partition: Partition, most: int) -> list[Pending]:
        """The oldest that wait, at most so many; they go on waiting until `done`."""
        with self._lock:
            return list(islice(self._jobs.get(partition, {}).values(), most))

    def done(self, partition: Partition, jobs: list[Pending]) -> None:
        """Forget these: they have a vector, or are gone."""
        with self._lock:
            known = self._jobs.get(partition, {})
            for job in jobs:
                known.pop((job.entry_id, job.ordinal), None)
            if not known:
                self._jobs.pop(partition, None)

    def searched(self, partition: Partition, model: str) -> bool:
        """Whether everything older was found in the store and is done."""
        return (partition, model) in self._searched

    def search_ended(self, partition: Partition, model: str) -> None:
        """Say that nothing older is left in the store without a vector of this model."""
        with self._lock:
            self._searched.add((partition, model))

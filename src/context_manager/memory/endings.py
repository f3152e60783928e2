"""Which changes of this process altered entries and took none away.

A partition's epoch grows with every change that alters or removes something already read, and
whoever reads it begins anew. Where the change was this process's own, and it knows that entries
were altered in place, reading on is enough: a fact that ends is read again, not the whole
partition. This file decides which changes are of that kind; it reads nothing.
"""

from __future__ import annotations

from collections import OrderedDict

from context_manager.forks import ForkSafeLock
from context_manager.records import Partition
from context_manager.store.protocol import Applied, Change

PARTITIONS = 256
EPOCHS = 64
"""How many are kept of each partition; who is further behind begins anew."""


class Endings:
    """The epochs of each partition that this process began by altering entries only."""

    def __init__(self) -> None:
        self._epochs: OrderedDict[Partition, OrderedDict[int, None]] = OrderedDict()
        self._lock = ForkSafeLock()

    def note(self, partition: Partition, change: Change, applied: Applied) -> None:
        """Take note of a change that was done."""
        if not _surely_altered_only(change):
            return
        with self._lock:
            epochs = self._epochs.setdefault(partition, OrderedDict())
            epochs[applied.version.epoch] = None
            self._epochs.move_to_end(partition)
            while len(epochs) > EPOCHS:
                epochs.popitem(last=False)
            while len(self._epochs) > PARTITIONS:
                self._epochs.popitem(last=False)

    def only(self, partition: Partition, since: int, epoch: int) -> bool:
        """Whether every epoch after ``since`` up to ``epoch`` is one of these."""
        with self._lock:
            known = self._epochs.get(partition, OrderedDict[int, None]())
            return 0 < epoch - since <= EPOCHS and known.keys() >= {*range(since + 1, epoch + 1)}


def _surely_altered_only(change: Change) -> bool:
    """Whether a change that was done began an epoch, and took nothing away.

    It must have expected the entries it alters: one that finds none of them leaves the epoch as it
    is, which may be another's. One with a key may have been done before.
    """
    altered = {update.entry_id for update in change.updates}
    takes_away = change.erase or change.remove_entries or change.remove_turns or change.drop_model
    sure = bool(altered) and altered <= {*change.expect_entries} and change.key is None
    return sure and not takes_away

"""A store of your own: here the one in memory, which also counts what was written for whom.

Run ``context_manager.testing.store_contract.StoreContract`` on yours: each promise of the protocol
is a test.
"""

from collections import Counter

from context_manager import ContextManager
from context_manager.records import Partition
from context_manager.store import stores
from context_manager.store.memory import MemoryStore
from context_manager.store.protocol import Applied, Change


class CountingStore(MemoryStore):
    """Counts the changes of each user; everything else is the store that it extends."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: Counter[str] = Counter()

    def apply(self, partition: Partition, change: Change) -> Applied:
        self.changes[partition.user_id] += 1
        return super().apply(partition, change)


def main() -> None:
    stores.register("counting", CountingStore)
    store = stores.create("counting")
    cm = ContextManager(store=store)
    cm.scoped(user_id="ada").observe("I play the cello.", "Since when?")
    cm.close()
    assert isinstance(store, CountingStore)
    print(dict(store.changes))
    assert store.changes["ada"] >= 1


if __name__ == "__main__":
    main()

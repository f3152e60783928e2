"""A vector index of your own: sign bits find candidates, the vectors themselves rank them.

A long-term memory whose `search` you write is asked for every prompt, beside the built-in one.
"""

from collections.abc import Sequence

import numpy as np

from context_manager import ContextManager
from context_manager.memory.long_term import LongTermMemory, MemoryEntry


class SignBits(LongTermMemory):
    """Compares 384 bits of each entry first, and only the best candidates exactly."""

    def search(self, query: str, k: int = 7) -> list[tuple[MemoryEntry, float]]:
        entries: Sequence[MemoryEntry] = list(self.entries)
        if not entries:
            return []
        rows = self.embedding_provider.embed([entry.text for entry in entries])
        asked = self.embedding_provider.embed_single(query)
        alike = ((rows > 0) == (asked > 0)).sum(axis=1)
        near = np.argsort(-alike)[: 4 * k]
        best = sorted(near, key=lambda row: -float(rows[row] @ asked))[:k]
        return [(entries[row], max(0.0, float(rows[row] @ asked))) for row in best]


def main() -> None:
    cm = ContextManager()
    cm.long_term_memory = SignBits(384, cm.embedding_provider)
    cm.add_memory("The greenhouse key hangs behind the watering can.")
    cm.add_memory("Soup is better on the second day.")
    (found, *_) = cm.query_memory("Where is the key of the greenhouse?", k=1)
    print(found)
    assert "watering can" in found[0]
    assert "watering can" in cm.build_context("Where is the key of the greenhouse?")


if __name__ == "__main__":
    main()

"""An embedder of your own, used by name: counts of letters, which is enough to tell typing errors.

Any function from texts to rows of numbers will do as well:
``cm.embedding_provider = EmbeddingProvider(my_function)``.
"""

from collections.abc import Sequence

import numpy as np

from context_manager import Config, ContextManager, EmbeddingConfig
from context_manager.embedding import embedders
from context_manager.embedding.protocol import Vectors


class Letters:
    """How often each letter occurs."""

    dimension = 26
    fingerprint = "letters-1"  # change it when the vectors change: two kinds are never compared

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = [[text.lower().count(chr(97 + n)) + 0.01 for n in range(26)] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, 26)


def main() -> None:
    embedders.register("letters", Letters)
    cm = ContextManager(Config(embedding=EmbeddingConfig(model="letters")))
    cm.add_memory("The password of the printer is in the blue folder.")
    cm.add_memory("Zebras doze.")
    (hit,) = cm.search("teh pasword fo teh pritner", k=1)
    print(hit.entry.text)
    assert "printer" in hit.entry.text


if __name__ == "__main__":
    main()

"""A reranker of your own: what was said with a number comes first, when a number is asked for."""

from collections.abc import Sequence

from context_manager import ContextManager
from context_manager.records import Hit


def numbers_first(query: str, hits: Sequence[Hit]) -> list[float]:
    """A score for each hit, higher is better; here a bonus on the relevance so far."""
    wanted = "how many" in query.lower()
    return [hit.score + (wanted and any(char.isdigit() for char in hit.passage)) for hit in hits]


def main() -> None:
    cm = ContextManager(reranker=numbers_first)
    cm.add_memory("How many hens we keep is nobody's business.")
    cm.add_memory("We keep 12 hens.")
    best = cm.search("How many hens do we keep?", k=1)[0]
    print(best.entry.text)
    assert best.entry.text == "We keep 12 hens."


if __name__ == "__main__":
    main()

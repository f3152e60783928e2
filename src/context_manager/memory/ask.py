"""A query to long-term memory and the answer to it: records, and nothing that acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from context_manager.memory.hits import Reranker
from context_manager.records import Scope
from context_manager.records.hits import Hits
from context_manager.retrieval import Settings


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query: hits best first, and how sure we are that anything answers it.

    `entries` says how many entries the partition holds.
    """

    hits: Hits
    covered: bool
    answerability: float
    degraded: tuple[str, ...] = ()
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """A query.

    Args:
        text: What is asked.
        scope: Who asks.
        now: Seconds since 1970.
        most: Hits wanted at most.
        tokens: Enough hits to fill so many tokens, and some more to choose from, are wanted;
            None for all.
        recall: "user", "session" or "task".
        kinds: Only these kinds of entries.
        as_of: Only what was known and valid at that time.
        settings: Weights of ranking.
        rerank: Reorders the hits.
        patience: Seconds to wait for the embedder, and for it to work off what is pending; None for
            as long as it takes.
    """

    text: str
    scope: Scope
    now: float
    most: int = 10
    recall: str = "user"
    kinds: Sequence[str] | None = None
    as_of: float | None = None
    settings: Settings | None = None
    rerank: Reranker | None = None
    tokens: int | None = None
    patience: float | None = None

"""From ranked rows to hits, and from a user's reranker of hits to one of rows.

Decides what a reranker is handed and what it may give back. It ranks nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from context_manager.errors import InputError
from context_manager.memory.snapshot import Snapshot
from context_manager.memory.texts import Texts
from context_manager.records import Hit, Partition
from context_manager.records.hits import Explain, Hits
from context_manager.retrieval import Query, Rerank
from context_manager.retrieval.corpus import Floats, Rows

Reranker: TypeAlias = Callable[[str, Sequence[Hit]], Sequence[float]]
"""A reranker of your own: from what is asked and the hits, best first, a score for each hit, higher
is better. `Hit.passage` is the text to judge; `Hit.score` is the relevance so far. To judge only
the first few, give the others a score below all of them."""


class HitReader:
    """Reads the entries behind ranked rows.

    Args:
        texts: Where they are.
        partition: Whose.
        snapshot: The columns that the rows are of.
    """

    def __init__(self, texts: Texts, partition: Partition, snapshot: Snapshot) -> None:
        self._texts = texts
        self._partition = partition
        self._snapshot = snapshot

    def hits(
        self,
        rows: Rows,
        passages: Rows,
        scores: Floats,
        explain: Explain,
    ) -> Hits:
        """The hits, best first; what was forgotten since the snapshot is missing.

        Args:
            rows: Of entries, best first.
            passages: Row of the passage to show of each.
            scores: Relevance of each.
            explain: What each stage added, by place.
        """
        shown = self._snapshot
        ids: list[str] = shown.ids[rows].tolist()
        known = self._texts.entries(self._partition, shown.version, ids)
        places = [place for place, key in enumerate(ids) if key in known]
        if len(places) < len(ids):
            rows, passages, scores = rows[places], passages[places], scores[places]
        whole = shown.counts[rows] == 1
        return Hits(
            entries=[known[ids[place]] for place in places],
            scores=scores.tolist(),
            starts=np.where(whole, 0, shown.starts[passages]).tolist(),
            ends=np.where(whole, 0, shown.ends[passages]).tolist(),
            tokens=shown.corpus.tokens[passages].tolist(),
            places=places,
            explain=explain,
        )

    def by_rows(self, reranker: Reranker) -> Rerank:
        """A reranker of hits as one of rows, which is all that ranking knows."""

        def rerank(query: Query, rows: Rows, passages: Rows, scores: Floats) -> Floats:
            found = self.hits(rows, passages, scores, _no_stages)
            changed = scores.copy()
            changed[found.places] = _checked(reranker(query.text, list(found)), len(found))
            return changed

        return rerank


def _no_stages(place: int) -> Mapping[str, float]:
    """What a reranker is told: nothing of the stages before it."""
    return {}


def _checked(given: Sequence[float], wanted: int) -> Floats:
    """What a reranker gave, as numbers.

    Raises:
        InputError: Not one finite number per hit.
    """
    try:
        scores = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"the reranker must return one number per hit: {error}") from error
    if scores.shape != (wanted,) or not np.isfinite(scores).all():
        raise InputError(
            f"the reranker must return {wanted} finite numbers, one per hit in their order; "
            f"got an array of shape {scores.shape}"
        )
    return scores

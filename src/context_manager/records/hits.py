"""What a search found, as columns.

Hundreds are found for each prompt, and most are only looked at in passing, so a `Hit` is made only
of what is asked for by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from context_manager.records.entry import Hit, MemoryEntry

Explain = Callable[[int], Mapping[str, float]]
"""What each stage of ranking added, of the entry at a place."""


@dataclass(frozen=True, slots=True)
class Hits(Sequence[Hit]):
    """Hits, best first; all columns have one length.

    Args:
        entries: What was found.
        scores, starts, tokens: As on a hit.
        ends: As on a hit, or 0 for the end of the text.
        places: Of each, for `explain`.
        explain: What each stage of ranking added.
    """

    entries: Sequence[MemoryEntry]
    scores: Sequence[float]
    starts: Sequence[int]
    ends: Sequence[int]
    tokens: Sequence[int | None]
    places: Sequence[int]
    explain: Explain

    @classmethod
    def of(cls, hits: Iterable[Hit]) -> Hits:
        """Hits that were made one by one."""
        found = list(hits)
        return cls(
            entries=[hit.entry for hit in found],
            scores=[hit.score for hit in found],
            starts=[hit.start for hit in found],
            ends=[hit.end for hit in found],
            tokens=[hit.tokens for hit in found],
            places=range(len(found)),
            explain=lambda place: found[place].stages,
        )

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, at: int) -> Hit: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Hit]: ...

    def __getitem__(self, at: int | slice) -> Hit | Sequence[Hit]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        entry = self.entries[at]
        return Hit(
            entry,
            self.scores[at],
            dict(self.explain(self.places[at])),
            self.starts[at],
            self.ends[at] or len(entry.text),
            self.tokens[at],
        )

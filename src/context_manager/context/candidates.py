"""From ranked hits to candidate pieces: what each would show, where it would stand, at what cost.

Decides the reading order among memories (sessions by date, each in its own order, unverified texts
last) and hands the choice to `retrieval.select`. It counts with the function it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from context_manager.context.pieces import Piece, day
from context_manager.records import Hit, Trust
from context_manager.retrieval import Candidate, select

UNVERIFIED = "[unverified: tools and documents]"
NO_DATE = "undated"
"""Stands where a date would, among what came in last."""


def memory_pieces(
    hits: Sequence[Hit],
    label: Callable[[Hit], str],
    count: Callable[[str], int],
    *,
    whole: bool = False,
) -> tuple[Piece, ...]:
    """Candidates in the order of the hits, best first.

    Args:
        hits: Ranked, best first.
        label: What stands before a hit's text: a speaker or a kind.
        count: Tokens of a text.
        whole: Messages of which a passage is a candidate may be shown whole if there is room.
    """
    days = [NO_DATE if (t := hit.entry.dated) is None else day(t) for hit in hits]
    began = _session_starts(hits, days)
    headings = {name: count(f"{name}\n") for name in {UNVERIFIED, *(f"[{d}]" for d in set(days))}}
    return tuple(
        _piece(rank, hit, date, label(hit), began, headings, count, whole)
        for rank, (hit, date) in enumerate(zip(hits, days, strict=True))
    )


def choose(pieces: Sequence[Piece], budget: int) -> list[Piece]:
    """The pieces worth showing in about so many tokens, headings of their groups included."""
    candidates = [
        Candidate(piece.value, piece.tokens, piece.group, piece.heading, piece.entry_id)
        for piece in pieces
    ]
    return [pieces[place] for place in select(candidates, budget)]


def _piece(
    rank: int,
    hit: Hit,
    date: str,
    speaker: str,
    began: Mapping[tuple[str, str], float],
    headings: Mapping[str, int],
    count: Callable[[str], int],
    whole: bool,
) -> Piece:
    entry, passage = hit.entry, hit.passage
    cut = len(passage) < len(entry.text)
    unverified = entry.trust <= Trust.EXTERNAL
    group = UNVERIFIED if unverified else f"[{date}]"
    return Piece(
        "memory",
        passage,
        order=(
            unverified,
            began[entry.scope.session_id, date],
            entry.scope.session_id,
            entry.seq,
            entry.place,
            entry.timestamp,
            entry.id,
            hit.start,
        ),
        speaker=speaker,
        group=group,
        value=hit.score,
        tokens=count(f"{speaker}: {passage}\n") if hit.tokens is None else hit.tokens,
        heading=headings[group],
        rank=rank,
        score=hit.score,
        stages=hit.stages,
        cut=cut,
        whole=entry.text if whole and cut and entry.kind == "message" and not unverified else "",
        entry_id=entry.id,
        turn_id=entry.turn_id,
        kind=entry.kind,
        timestamp=entry.dated,
        trust=entry.trust,
        source_ids=entry.source_ids,
    )


def _session_starts(hits: Sequence[Hit], days: Sequence[str]) -> dict[tuple[str, str], float]:
    """When each session began on each day, as far as its hits tell."""
    began: dict[tuple[str, str], float] = {}
    for hit, date in zip(hits, days, strict=True):
        key = (hit.entry.scope.session_id, date)
        began[key] = min(began.get(key, hit.entry.timestamp), hit.entry.timestamp)
    return began

"""From ranked hits to candidate pieces: what each would show, where it would stand, at what cost.

Decides the reading order among memories (sessions by date, each in its own order, unverified texts
last) and hands the choice to `retrieval.select`. It counts with the function it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from context_manager.context.fence import is_harmless
from context_manager.context.pieces import Piece, day
from context_manager.context.repeats import clue
from context_manager.generations import kept
from context_manager.records import MemoryEntry, Trust
from context_manager.records.hits import Hits
from context_manager.retrieval import Candidate, select

UNVERIFIED = "[unverified: tools and documents]"
NO_DATE = "undated"
"""Stands where a date would, among what came in last."""


def memory_pieces(
    hits: Hits,
    label: Callable[[MemoryEntry], str | None],
    count: Callable[[str], int],
    most: int | None = None,
) -> tuple[Piece, ...]:
    """Candidates in the order of the hits, best first.

    Args:
        hits: Ranked, best first.
        label: What stands before an entry's text: a speaker or a kind; None leaves the entry out.
        count: Tokens of a text.
        most: Candidates at most; without a limit, a message of which a passage is a candidate may
            be shown whole if there is room.
    """
    found = [
        _look(entry, start, end, label)
        for entry, start, end in zip(hits.entries, hits.starts, hits.ends, strict=True)
    ]
    places = [at for at, look in enumerate(found) if look.speaker is not None][:most]
    looks = [found[at] for at in places]
    began = _began(looks)
    headings = {group: count(f"{group}\n") for group in {look.group for look in looks}}
    pieces = []
    for rank, (at, look) in enumerate(zip(places, looks, strict=True)):  # hundreds for each prompt
        score, tokens, group, speaker = hits.scores[at], hits.tokens[at], look.group, look.speaker
        pieces.append(
            Piece(
                "memory",
                look.text,
                (look.unverified, began[look.sitting], look.tail),
                speaker or "",
                group,
                score,
                count(f"{speaker}: {look.text}\n") if tokens is None else tokens,
                headings[group],
                "",
                rank,
                score,
                hits.places[at],
                hits.explain,
                look.cut,
                look.whole if most is None else "",
                look.entry_id,
                look.turn_id,
                look.kind,
                look.dated,
                look.trust,
                look.source_ids,
                None,
                look.clue,
                look.part,
            )
        )
    return tuple(pieces)


def choose(pieces: Sequence[Piece], budget: int) -> list[Piece]:
    """The pieces worth showing in about so many tokens, headings of their groups included."""
    candidates = (
        Candidate(piece.value, piece.tokens, piece.group, piece.heading, piece.entry_id)
        for piece in pieces
    )
    return [pieces[place] for place in select(candidates, budget)]


class _Sitting(NamedTuple):
    """What was said in one session on one day stands together, under a heading."""

    session_id: str
    heading: str


@kept(4096)
def _sitting(named: tuple[str, str]) -> _Sitting:
    """One object for each session and day: hundreds are compared for each prompt."""
    session_id, date = named
    return _Sitting(session_id, f"[{date}]")


class _Look(NamedTuple):
    """What a passage of an entry looks like in whatever prompt it stands.

    Args:
        start, end: Of the passage, as in `Hits`.
        speaker: As on the piece; None where the entry is kept out of prompts.
        unverified: Whether it stands among what is unverified.
        sitting: What it was said in.
        tail: The order among what was said in one sitting.
        said: When, for the order of sittings.
        dated: When, as far as that is known.
        text, group, cut, whole, entry_id, turn_id, kind, trust, source_ids, clue, part: As on the
            piece.
    """

    start: int
    end: int
    speaker: str | None
    unverified: bool
    sitting: _Sitting
    tail: tuple[int | float | str, ...]
    said: float
    dated: float | None
    text: str
    group: str
    cut: bool
    whole: str
    entry_id: str
    turn_id: str | None
    kind: str
    trust: Trust
    source_ids: tuple[str, ...]
    clue: int
    part: str


def _look(
    entry: MemoryEntry, start: int, end: int, label: Callable[[MemoryEntry], str | None]
) -> _Look:
    """What a passage looks like; kept with its entry, which is found again and again."""
    known = getattr(entry, "derived", None)
    if isinstance(known, _Look) and known.start == start and known.end == end:
        return known
    text, dated = entry.text[start : end or None], entry.dated
    date = NO_DATE if dated is None else day(dated)
    speaker = label(entry)
    sitting = _sitting((entry.scope.session_id, date))
    unverified, cut = entry.trust <= Trust.EXTERNAL, len(text) < len(entry.text)
    look = _Look(
        start=start,
        end=end,
        speaker=speaker,
        unverified=unverified,
        sitting=sitting,
        tail=(sitting.session_id, entry.seq, entry.place, entry.timestamp, entry.id, start),
        said=entry.timestamp,
        dated=dated,
        text=text,
        group=UNVERIFIED if unverified else sitting.heading,
        cut=cut,
        whole=entry.text if cut and entry.kind == "message" and not unverified else "",
        entry_id=entry.id,
        turn_id=entry.turn_id,
        kind=entry.kind,
        trust=entry.trust,
        source_ids=entry.source_ids,
        clue=clue(text),
        part=f"\n{speaker}: {text}" if speaker and is_harmless(text) else "",
    )
    object.__setattr__(entry, "derived", look)
    return look


def _began(looks: Sequence[_Look]) -> dict[_Sitting, float]:
    """When each session began on each day, as far as its hits tell."""
    began: dict[_Sitting, float] = {}
    for look in looks:
        sitting, said = look.sitting, look.said
        if said < began.setdefault(sitting, said):
            began[sitting] = said
    return began

"""Decides which ranked pieces go into a token budget: value per token, headings shared.

Each candidate has a value, a cost, and a group whose heading is paid once by the first piece
of it. Candidates may exclude each other (two passages of one message, whole or cut). The
caller renders, counts exactly and trims; this file must not know texts or tokens.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Candidate(NamedTuple):
    """One piece that could be shown.

    Attributes:
        value: what showing it is worth, e.g. its relevance; higher is better, not negative.
        cost: tokens it takes without its group's heading.
        group: what it stands under; pieces of one group share one heading.
        heading: tokens of that heading.
        owner: candidates with the same owner exclude each other; None excludes nothing.
    """

    value: float
    cost: int
    group: object = None
    heading: int = 0
    owner: object = None


def select(candidates: Iterable[Candidate], budget: int) -> tuple[int, ...]:
    """Return the places of the chosen candidates, in the order of their places.

    Args:
        candidates: best first.
        budget: tokens for the chosen and the headings of their groups.
    """
    left = budget
    open_groups: set[object] = set()
    owners: set[object] = set()
    chosen: list[int] = []
    for place, candidate in enumerate(candidates):
        cost = candidate.cost
        if candidate.group not in open_groups:
            cost += candidate.heading
        if cost > left or (candidate.owner is not None and candidate.owner in owners):
            continue
        left -= cost
        open_groups.add(candidate.group)
        owners.add(candidate.owner)
        chosen.append(place)
    return tuple(chosen)

"""Which of a session's latest turns a prompt shows. Pure: it knows sizes, no texts.

Decides where the window of recent turns begins, so that the prompts of a conversation keep their
beginning for several turns: the window grows with every turn until it holds too much, and only then
lets go of many turns at once. It is found by going through the sizes again, not remembered, so that
every process shows the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Size: TypeAlias = tuple[int, int]
"""A turn's place in its session, and its tokens."""

STRIDE = 32
"""The sizes are gone through from a multiple of this, which the last turn alone tells."""

KNOWN = 2 * STRIDE
"""Latest turns whose sizes are needed."""

CACHED_FROM = 1024
"""Tokens of a beginning below which the providers of models cache nothing."""

ROOMY = 1 / 8
"""Twice the turns that are wanted cost less than this share of the budget: none is spared then."""

FEWER, MORE = 0.6, 0.8
"""By how much of what is wanted the window may be shorter and longer where turns cost more."""

MOST = 2 / 3
"""Share of the budget that the window outgrows."""

LEAST = 1 / 8
"""Share of the budget that is enough for a window that begins anew."""


@dataclass(frozen=True, slots=True)
class Window:
    """The recent turns to show.

    Args:
        start: Place in the session of the first turn shown.
        since: Place of the turn that was the last when the window began there.
    """

    start: int
    since: int


def window(sizes: Sequence[Size], wanted: int, budget: int, at_hand: int) -> Window | None:
    """Where the window of recent turns begins.

    Between ``wanted`` and twice as many turns are shown where that is cheap, otherwise about as
    many more as less, so that on average no memory has to make room. Prompts too small to be cached
    show ``wanted`` turns, and so do all where more are wanted than half of `STRIDE`.

    Args:
        sizes: Of the session's latest turns, oldest first; at least `KNOWN` or all.
        wanted: Turns to show.
        budget: Tokens of the prompt.
        at_hand: Tokens of the working set, which the window cannot exceed.

    Returns:
        None if there is nothing to show.
    """
    if not sizes or wanted < 1:
        return None
    latest = sizes[-1][0]
    if 2 * wanted > STRIDE:
        return Window(latest - wanted + 1, latest)
    sizes = _from_stride(sizes)
    fewest, most, enough = _bounds(sizes, wanted, budget)
    highest = min(budget * MOST, at_hand)
    start = total = 0
    since = sizes[0][0]
    for last, (place, tokens) in enumerate(sizes):
        total += tokens
        if last - start >= most or total > highest:
            start, total = _anew(sizes[: last + 1], start, fewest, min(enough, highest))
            since = place
    return Window(sizes[start][0], since)


def _from_stride(sizes: Sequence[Size]) -> Sequence[Size]:
    first = (sizes[-1][0] // STRIDE - 1) * STRIDE
    return [size for size in sizes if size[0] >= first]


def _bounds(sizes: Sequence[Size], wanted: int, budget: int) -> tuple[int, int, float]:
    """Fewest turns of the window, most of them, and the tokens that are enough with fewer."""
    if budget * MOST < CACHED_FROM:
        return wanted, wanted, budget
    mean = sum(tokens for _, tokens in sizes) / len(sizes)
    if 2 * wanted * mean <= budget * ROOMY:
        return wanted, 2 * wanted, budget
    return wanted - int(wanted * FEWER), wanted + int(wanted * MORE), budget * LEAST


def _anew(sizes: Sequence[Size], start: int, fewest: int, enough: float) -> tuple[int, int]:
    """The shortest window that ends here with turns or tokens enough: its start and its tokens."""
    at = len(sizes) - 1
    total = sizes[at][1]
    while at - 1 > start and len(sizes) - at < fewest and total < enough:
        at -= 1
        total += sizes[at][1]
    return at, total

"""Decides how to find the longest part of a text that a count allows, asking the count only.

Every answer has been counted: the part that is returned does not exceed the limit, even if the
count is not monotone (a longer text may cost less). This file knows no encoding.
"""

from __future__ import annotations

from collections.abc import Callable

_FIRST_STEP = 4  # characters per token, roughly, to begin with


def longest_prefix(text: str, limit: int, count: Callable[[str], int]) -> int:
    """Return a length ``n`` with ``count(text[:n]) <= limit``, the largest if counts only grow.

    Args:
        text: Any text.
        limit: Tokens allowed, 0 or more.
        count: Tokens of a text. Texts of about the length of the answer are counted, never the
            whole of a much longer one.

    Returns:
        A length in characters; 0 if nothing fits.
    """
    return _largest(len(text), limit, lambda size: count(text[:size]))


def longest_suffix(text: str, limit: int, count: Callable[[str], int]) -> int:
    """Return a length ``n`` such that the last ``n`` characters count at most ``limit``.

    The same as `longest_prefix`, from the other end.
    """
    end = len(text)
    return _largest(end, limit, lambda size: count(text[end - size :]))


def _largest(most: int, limit: int, cost: Callable[[int], int]) -> int:
    """Return the largest size in 0..most with ``cost(size) <= limit``, by doubling, then halving.

    Invariant: ``fits`` has been counted and fits, or is 0; ``fails`` has been counted and does not
    fit, or is beyond the end.
    """
    fits, fails = 0, most + 1
    step = max(1, _FIRST_STEP * limit)
    while fails > most and fits < most:
        size = min(most, fits + step)
        if cost(size) > limit:
            fails = size
        else:
            fits = size
            step *= 2
    while fails - fits > 1:
        size = (fits + fails) // 2
        if cost(size) > limit:
            fails = size
        else:
            fits = size
    return fits

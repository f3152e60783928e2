"""The account of an erasure: counts and steps, never content."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `forget` did.

    Args:
        entries: Entries deleted, with their text, words and vectors.
        turns: Turns deleted because nothing of them remained.
        rederived: Summaries made anew from what remains of their sources.
        dropped: Summaries deleted because none of their sources remains.
        bytes_scrubbed: True when the store has also overwritten the freed bytes in its files.
        at: When, seconds since 1970.
    """

    entries: int
    turns: int
    rederived: int
    dropped: int
    bytes_scrubbed: bool
    at: float

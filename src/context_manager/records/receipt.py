"""The account of an erasure: counts and steps, never content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `forget` did. The receipts of a partition form a chain: each names the one before.

    Args:
        entries: Entries deleted, with their text, words and vectors, those derived not counted.
        turns: Turns deleted because nothing of them remained.
        rederived: Summaries made anew from what remains of their sources.
        dropped: Derived entries deleted because they could not be made anew.
        bytes_scrubbed: True when the store has also overwritten the freed bytes in its files;
            False means that it goes on trying. Not part of the chain.
        at: When, seconds since 1970.
        kinds: Entries deleted by kind, those derived included.
        recorded: Recorded prompts, and texts in them, that were deleted; replaying a prompt gives
            holes in the place of such texts.
        asked: What was asked: "ids", "filter", "everything", "revert", "sweep" or "restore".
        store: Names the store that issued it; each store has a chain of its own.
        number: Place in the chain, from 1; 0 when there was nothing to do, and nothing was
            written.
        previous: Digest of the receipt before, "" for the first.
        digest: Keyed hash of everything above and of `previous`.
    """

    entries: int
    turns: int
    rederived: int
    dropped: int
    bytes_scrubbed: bool
    at: float
    kinds: Mapping[str, int] = field(default_factory=dict)
    recorded: int = 0
    asked: str = "ids"
    store: str = ""
    number: int = 0
    previous: str = ""
    digest: str = ""

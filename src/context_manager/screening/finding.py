"""What screening finds: where, and of what kind; never the text itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One find.

    Args:
        kind: What it is, e.g. "aws-key".
        start: First character in the text.
        end: One past its last character.
    """

    kind: str
    start: int
    end: int

"""Finds secrets and personal numbers in a text, and puts marks in their place.

Decides which find counts where two overlap (the earlier in the table), and how a mark looks. It
keeps no text and knows no policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from context_manager.screening.finding import Finding
from context_manager.screening.patterns import CREDENTIALS, PERSONAL, Pattern

KINDS: tuple[str, ...] = tuple(pattern.kind for pattern in (*CREDENTIALS, *PERSONAL))
"""Everything that can be found: credentials first, then personal numbers."""

_TABLE = (*CREDENTIALS, *PERSONAL)
_SIGNS = tuple({pattern.sign for pattern in _TABLE})


def find_secrets(text: str, kinds: Iterable[str] | None = None) -> tuple[Finding, ...]:
    """The secrets in a text, in order, none overlapping another.

    Args:
        text: Any text; the time is linear in its length.
        kinds: Which kinds to look for; all of `KINDS` when left out.
    """
    wanted = None if kinds is None else set(kinds)
    found: list[Finding] = []
    signs = {sign for sign in _SIGNS if sign.search(text)}
    for pattern in _TABLE if signs else ():
        if pattern.sign in signs and (wanted is None or pattern.kind in wanted):
            found += _finds(pattern, text)
    return _apart(found)


def redacted(text: str, findings: Sequence[Finding]) -> str:
    """The text with a mark like "[redacted: email]" in place of each find."""
    parts, after = [], 0
    for finding in findings:
        parts += [text[after : finding.start], f"[redacted: {finding.kind}]"]
        after = finding.end
    return "".join([*parts, text[after:]])


def _finds(pattern: Pattern, text: str) -> list[Finding]:
    found = []
    for match in pattern.regex.finditer(text):
        start, end = match.span(match.lastgroup or 0)
        counts = pattern.check is None or pattern.check(text[start:end])
        if counts and match.lastgroup != "not":
            found.append(Finding(pattern.kind, start, end))
    return found


def _apart(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Without those that overlap one that stands before them in the table."""
    kept: list[Finding] = []
    for finding in found:
        if not any(finding.start < other.end and other.start < finding.end for other in kept):
            kept.append(finding)
    return tuple(sorted(kept, key=lambda finding: finding.start))

"""Decides how to know the tokens of a growing text without counting it again from the start.

Joining two texts changes the count only around the join. So the counter keeps the text behind the
last boundary (`boundaries`) open and counts only that again; what lies before is settled for good.
Every total equals the count of the joined text, whatever the parts are.

This file knows no prompt: it sees texts in the order in which they are joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from context_manager.tokens.boundaries import LIMIT, cuts, last_boundary, line_starts
from context_manager.tokens.characters import valid_text
from context_manager.tokens.protocol import Tokenizer
from context_manager.tokens.remembered import Line, remembered


class TrialCounts:
    """Exact prefix counts of many lists of parts that have most of their parts in common.

    A prompt is tried again and again with a piece more or less. A part that begins a line costs
    the same whatever stands before it, and the same lines come in prompt after prompt, so each is
    counted once: see `remembered`. Of any other part the cost depends on it and on the open text
    before it alone.

    Args:
        tokenizer: What counts.

    Example:
        >>> from context_manager.tokens import TokenCounter
        >>> trial = TokenCounter("gpt-4").trial_counts()
        >>> trial(["Recent conversation:", " none"]), trial(["Recent conversation:", " some"])
        ([3, 4], [3, 4])
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._remembered = remembered(tokenizer.name)

    def __call__(self, parts: Sequence[str]) -> list[int]:
        """For each part, the tokens of all parts up to and including it, joined."""
        if not self._tokenizer.separable:
            return prefix_counts(parts, self._tokenizer)
        totals, total, text, line = list[int](), 0, "", _NOTHING
        lines, count = self._remembered, self._line
        for part in parts:  # hundreds, again and again
            settled, behind, _, closed = line
            if closed is not None and _begins_line(part):
                total += closed
                heading = part.find("\n", 1)
                if 0 < heading < HEADING and _begins_line(part[heading : heading + 2]):
                    total += lines.behind(part[:heading], count)[3] or 0
                    part = part[heading:]
                text, line = part, lines.behind(part, count)
            else:
                total += settled
                text = text[len(text) - behind :] + part
                line = lines.line(text, count)
            totals.append(total + line[2])
        return totals

    def of_line(self, line: str) -> int | None:
        """Tokens of a line with a line end behind it; None where it is too long to tell."""
        return self._remembered.behind(f"\n{line}", self._line)[3]

    def _line(self, text: str) -> Line:
        text, count = valid_text(text), self._tokenizer.count
        settled, start = 0, 0
        for end in _settling_lines(text):
            settled += count(text[start:end])
            start = end
        open_text = text[start:]
        closed = settled + count(open_text + "\n") if len(open_text) < LIMIT else None
        return settled, len(open_text), settled + count(open_text), closed


_NOTHING: Line = 0, 0, 0, None

HEADING = 80
"""Characters that a heading may have: it and what stands under it are remembered each by itself,
since other lines stand under it in the next prompt. Short enough to be counted closed."""


def _begins_line(part: str) -> bool:
    """Whether a boundary stands behind the part's first character, a line end."""
    return len(part) > 1 and part[0] == "\n" and not part[1].isspace() and part[1] != "/"


def _settling_lines(text: str) -> Iterable[int]:
    """Like `_settling`, with every line start among them."""
    if len(text) > LIMIT:
        return _settling(text)
    starts = line_starts(text)
    last = last_boundary(text, starts[-1] if starts else 0, len(text))
    return [*starts, last] if last else starts


def _settling(text: str) -> Iterable[int]:
    """Return the cuts of ``text`` that stay, whatever is appended, up to the last boundary."""
    ends = [end for end in cuts(text) if end < len(text)] if len(text) > LIMIT else []
    last = last_boundary(text, ends[-1] if ends else 0, len(text))
    return [*ends, last] if last else ends


def prefix_counts(parts: Iterable[str], tokenizer: Tokenizer) -> list[int]:
    """Return, for each part, the tokens of all parts up to and including it, joined.

    The difference of two neighbours is what a part costs where it stands; it may be negative
    when a part lets the tokens before it merge. A part costs time in proportion to itself and at
    most `LIMIT` characters before it. With a counter of the user's own the whole text is counted
    at each step, because nothing is known about where its counts add up.
    """
    count, totals, settled, open_text = tokenizer.count, [], 0, ""
    for part in parts:
        text, start = open_text + valid_text(part), 0
        for end in _settling(text) if tokenizer.separable else ():
            settled += count(text[start:end])
            start = end
        open_text = text[start:]
        totals.append(settled + count(open_text))
    return totals

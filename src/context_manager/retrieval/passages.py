"""Decides where a long text is cut into passages, the units of words and vectors.

A passage is a range of characters of its text; the ranges are in order, do not overlap and
leave out nothing but white space. A short text is one passage. Cuts fall where the text
itself pauses: before a heading or blank line if one is near, else after a line, else after
a sentence, else at a space, and only in the last resort inside a word. Must not know about
tokens, vectors or scores. Linear in the text.
"""

import re
from dataclasses import dataclass
from typing import Final

PASSAGE_CHARS: Final = 600
"""Aimed-at size of a passage of a long text, in characters. 300, 600 and 1,000 find messages
equally well (within .005 of R@10); this one costs little to show and still makes sense."""

WHOLE_CHARS: Final = 900
"""A text up to this long is one passage: cutting it would save little and lose its sense."""

_PAUSE: Final = re.compile(r"\n[ \t]*\n\s*|\n|(?<=[.!?])[ \t]+|(?<=[\u3002\uff01\uff1f])")


@dataclass(frozen=True, slots=True)
class Span:
    """A passage as a half-open range of characters of its text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the passage itself."""
        return text[self.start : self.end]


def split(text: str, *, target: int = PASSAGE_CHARS, whole: int = WHOLE_CHARS) -> tuple[Span, ...]:
    """Return the passages of ``text``, at least one, in order.

    Args:
        text: any text, also empty.
        target: aimed-at size in characters, at least 1; no passage is longer than this
            except by the white space at its end.
        whole: texts up to this size stay whole.
    """
    if len(text) <= max(whole, target):
        return (Span(0, len(text)),)
    spans: list[Span] = []
    start = 0
    end = 0
    for stop, paragraph in _atoms(text, target):
        if stop - start > target and end > start:
            spans.append(Span(start, end))
            start = end
        end = stop
        if paragraph and end - start > target // 2:
            spans.append(Span(start, end))
            start = end
    spans.append(Span(start, len(text)))
    trimmed = (_trim(text, span) for span in spans)
    return tuple(span for span in trimmed if span.end > span.start) or (Span(0, len(text)),)


def _atoms(text: str, target: int) -> list[tuple[int, bool]]:
    """Return where the smallest parts end, and whether a paragraph ends there too."""
    ends: list[tuple[int, bool]] = []
    start = 0
    for match in _PAUSE.finditer(text):
        _cut(text, start, match.end(), target, ends)
        ends.append((match.end(), match[0].count("\n") > 1))
        start = match.end()
    _cut(text, start, len(text), target, ends)
    ends.append((len(text), True))
    return ends


def _cut(text: str, start: int, end: int, target: int, ends: list[tuple[int, bool]]) -> None:
    """Cut a part that is too long by itself, at spaces where there are any."""
    while end - start > target:
        space = text.rfind(" ", start + target // 2, start + target)
        start = space + 1 if space >= 0 else start + target
        ends.append((start, False))


def _trim(text: str, span: Span) -> Span:
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)

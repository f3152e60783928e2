"""Summaries without a model: the sentences that tell the most for their length, in time order.

A unit (a short message, or a sentence of a long one) scores the sum of its terms' idf over the
square root of its length; a question counts less than a statement. On LoCoMo sessions this kept
more of the turns that answer later questions than position, length, centrality or diversity did.
This file is pure: text and a token count in, text out, the same every time. It must not know
turns, models or prompts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from context_manager.retrieval.analysis import PIECE, index_terms

Count = Callable[[str], int]

SMALLEST = 24
"""Tokens that a summary may always have: less says nothing."""

_WHOLE = 600
"""Characters up to which a message stays whole; a longer one is taken sentence by sentence, and so
is one that alone would take half of the target."""

_LEAST_WHOLE = 80
_CHARACTERS_PER_TOKEN = 4

_SENTENCE_END = re.compile(
    r"(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bMrs\.)(?<!\bProf\.)(?<=[.!?…])\s+"
    r"|(?<=[。！？])|\n+"
)
_LONGEST = 600
"""Characters of a unit; a longer sentence is cut at spaces, so that one cannot fill a summary."""

_QUESTION_WORTH = 0.7
"""Of what its terms are worth: the answer tells more than the question."""

GAP = " … "
"""Stands where something of the same message was left out."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one speaker said at one time; `speaker` is "" where the text names it already."""

    speaker: str
    text: str

    def said(self, text: str) -> str:
        """``text`` as this speaker's line; the dash tells it from a line of the conversation."""
        return f"- {self.speaker}: {text}" if self.speaker else text


@dataclass(frozen=True, slots=True)
class _Unit:
    line: int
    place: int
    text: str
    terms: frozenset[str]
    length: int


def extract(lines: Sequence[Line], target: int, count: Count) -> str:
    """Choose the most telling parts that fit in ``target`` tokens.

    Args:
        lines: What was said, in time order.
        target: Most tokens of the result.
        count: Counts the tokens of a text.

    Returns:
        One line per message that is shown, in time order, the speakers' names kept; "" only if
        there is no text.
    """
    half = target * _CHARACTERS_PER_TOKEN // 2
    units = list(_units(lines, whole=max(_LEAST_WHOLE, min(_WHOLE, half))))
    ranked = _ranked(units)
    chosen: list[_Unit] = []
    used = 0
    for unit in ranked:
        cost = count(lines[unit.line].said(unit.text) + "\n")
        if used + cost <= target:
            chosen.append(unit)
            used += cost
    if not chosen and ranked:
        best = ranked[0]
        return cut(lines[best.line].said(best.text), target, count)
    text = _shown(lines, chosen)
    while len(chosen) > 1 and count(text) > target:  # joints may cost more than was counted
        chosen.pop()
        text = _shown(lines, chosen)
    return text


def lead(text: str, target: int, count: Count) -> str:
    """The whole sentences that ``text`` begins with and that fit in ``target`` tokens."""
    if count(text) <= target:
        return text
    ends = [match.start() for match in _SENTENCE_END.finditer(text)]
    while ends and count(text[: ends[-1]]) > target:
        ends.pop()
    return text[: ends[-1]].rstrip() if ends else cut(text, target, count)


def cut(text: str, target: int, count: Count) -> str:
    """The beginning of ``text`` with a mark that it was cut, at most ``target`` tokens if any."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if count(text[:middle].rstrip() + "…") <= target:
            low = middle
        else:
            high = middle - 1
    head = text[:low].rstrip()
    return (head.rpartition(" ")[0] or head) + "…"


def sentences(text: str) -> list[str]:
    """Non-empty sentences and lines of a text, white space evened out."""
    parts = (" ".join(part.split()) for part in _SENTENCE_END.split(text))
    return [part for part in parts if part]


def _units(lines: Sequence[Line], whole: int) -> Iterator[_Unit]:
    for number, line in enumerate(lines):
        text = " ".join(line.text.split())
        parts = [text] if len(text) <= whole else sentences(line.text)
        for place, part in enumerate(piece for long in parts for piece in _pieces(long)):
            counts = index_terms(part, speaker=line.speaker)
            terms = Counter({t: n for t, n in counts.items() if not t.startswith(PIECE)})
            if terms:
                yield _Unit(number, place, part, frozenset(terms), terms.total())


def _pieces(sentence: str) -> Iterator[str]:
    start = 0
    while len(sentence) - start > _LONGEST:
        space = sentence.rfind(" ", start + 1, start + _LONGEST)
        end = space if space > 0 else start + _LONGEST
        yield sentence[start:end]
        start = end + (space > 0)
    if start < len(sentence):
        yield sentence[start:]


def _ranked(units: Sequence[_Unit]) -> list[_Unit]:
    """Best first, each content once; the earlier one among equals."""
    frequency = Counter(term for unit in units for term in unit.terms)
    total = len(units)
    idf = {t: math.log(1 + (total - n + 0.5) / (n + 0.5)) for t, n in frequency.items()}

    def information(unit: _Unit) -> float:
        worth = math.fsum(idf[term] for term in unit.terms) / math.sqrt(unit.length)
        return worth * _QUESTION_WORTH if unit.text.endswith(("?", "？")) else worth

    once = {unit.text.casefold(): unit for unit in reversed(units)}
    return sorted(reversed(once.values()), key=information, reverse=True)


def _shown(lines: Sequence[Line], chosen: Iterable[_Unit]) -> str:
    ordered = sorted(chosen, key=lambda unit: (unit.line, unit.place))
    shown = []
    for number, units in groupby(ordered, key=lambda unit: unit.line):
        text = ""
        for before, unit in _with_previous(units):
            joint = "" if before is None else " " if unit.place == before.place + 1 else GAP
            text += joint + unit.text
        shown.append(lines[number].said(text))
    return "\n".join(shown)


def _with_previous(units: Iterable[_Unit]) -> Iterator[tuple[_Unit | None, _Unit]]:
    before = None
    for unit in units:
        yield before, unit
        before = unit

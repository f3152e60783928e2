"""How a text that is too long for a model is read in parts. Pure arithmetic, no model.

The rule: nothing is cut off at one end. A text is read whole in overlapping windows as far as a
stated bound; beyond it, windows stand evenly from its start to its end, so that the time a text
takes is bounded and every region of it counts. Callers who want each part found by itself hand in
passages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from context_manager.embedding.protocol import Vectors

S = TypeVar("S", bound=Sequence[object])

LONGEST_WORD = 100
"""Characters; the word-piece model knows no longer word and would read it as one unknown."""
WORD_PARTS = 20
"""Parts of a longer run of letters that are read: 2,000 characters; no language writes longer."""
SPAN = 2_048
"""Characters of one span of a text beyond the bound."""

# Ideographs are left out: the tokenizer takes each for a word of its own.
_LONG_RUN = re.compile(
    r"[^\W\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ebef]{101,}"  # LONGEST_WORD + 1
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def starts(length: int, size: int, count: int) -> list[int]:
    """Where ``count`` parts of ``size`` begin so that they spread evenly over ``length``."""
    if count == 1:
        return [0]
    return [(length - size) * number // (count - 1) for number in range(count)]


def windows(sequence: S, size: int, overlap: int, most: int) -> list[S]:
    """Cut a sequence into windows of equal length that share at least ``overlap`` items.

    Args:
        sequence: Token ids, or text.
        size: Longest window.
        overlap: Items that neighbours share at least, below ``size``; less beyond the bound.
        most: Most windows; a longer sequence gets so many, spread evenly.

    Returns:
        The sequence itself where it fits one window; together the windows cover all of it unless
        ``most`` is reached.
    """
    length = len(sequence)
    if length <= size:
        return [sequence]
    count = -(-(length - overlap) // (size - overlap))
    if count > most:
        count = most
    else:
        size = -(-(length + (count - 1) * overlap) // count)
    return [sequence[at : at + size] for at in starts(length, size, count)]  # type: ignore[misc]


def readable(text: str, most: int) -> str:
    """Text that a tokenizer takes in bounded time.

    Lone surrogates become U+FFFD; of a text beyond ``most`` characters evenly spread spans stay;
    a run of letters longer than any word is parted with spaces.
    """
    if len(text) > most:
        text = " ".join(text[at : at + SPAN] for at in starts(len(text), SPAN, most // SPAN))
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    return _LONG_RUN.sub(_parted, text)


def _parted(run: re.Match[str]) -> str:
    letters = run.group()
    count = min(-(-len(letters) // LONGEST_WORD), WORD_PARTS)
    return " ".join(windows(letters, LONGEST_WORD, 0, count))


def chunks(text: str, size: int) -> Iterator[str]:
    """Text in parts of at most ``size`` characters, parted at white space where there is any."""
    at = 0
    while len(text) - at > size:
        space = max(text.rfind(" ", at, at + size), text.rfind("\n", at, at + size))
        end = space + 1 if space > at else at + size
        yield text[at:end]
        at = end
    yield text[at:]


def averaged(rows: Vectors, weights: Sequence[int]) -> Vectors:
    """The weighted mean direction of unit rows, as one unit row [dimension].

    Rows that cancel each other out have no mean direction; the first one stands for them.
    """
    first: Vectors = rows[0]
    if len(rows) == 1:
        return first
    mean = np.asarray(weights, dtype=np.float64) @ rows.astype(np.float64)
    length = float(np.linalg.norm(mean))
    unit: Vectors = (mean / length).astype(np.float32) if length > 0 else first
    return unit

"""The two seams of token counting: what a user may plug in, and what the layer works with.

This file holds no behaviour.
"""

from __future__ import annotations

from typing import Protocol


class Counter(Protocol):
    """Anything that counts the tokens of a text: a function, a bound method, an object.

    A counter must be a function of the text alone (the same text always has the same count), and
    should be safe to call from several threads. Nothing else is assumed: not that a longer text
    costs more, nor that two texts cost as much apart as together.
    """

    def __call__(self, text: str, /) -> int:
        """Return the number of tokens of ``text``, 0 or more."""
        ...


class Tokenizer(Protocol):
    """One way to count, with what may be assumed about it.

    Texts that reach a tokenizer are valid Unicode (no lone surrogates), and, where ``separable``
    is true, at most `boundaries.LIMIT` characters long.
    """

    @property
    def name(self) -> str:
        """Name of the encoding, e.g. ``"cl100k_base"``."""
        ...

    @property
    def exact(self) -> bool:
        """True if the count is that of the model's own tokenizer."""
        ...

    @property
    def separable(self) -> bool:
        """True if counts add up at the positions that `boundaries` names."""
        ...

    def count(self, text: str) -> int:
        """Return the number of tokens of ``text``."""
        ...

    def fit(self, text: str, limit: int) -> int:
        """Return the length, in characters, of a long prefix of at most ``limit`` tokens."""
        ...

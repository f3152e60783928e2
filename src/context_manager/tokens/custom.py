"""Decides how a counter that the user brought is called: with valid text, and checked.

Nothing is assumed of it but that it counts, so texts are always counted whole. What it raises
reaches the caller unchanged.
"""

from __future__ import annotations

import operator

from context_manager.errors import TokenizerError
from context_manager.tokens.protocol import Counter
from context_manager.tokens.search import longest_prefix


class CustomTokenizer:
    """A user's counter as a tokenizer.

    Args:
        counter: Tokens of a text.
        name: How it is called in messages and statistics.
    """

    exact = True
    separable = False

    def __init__(self, counter: Counter, name: str) -> None:
        self.name = name
        self._counter = counter

    def count(self, text: str) -> int:
        """Return what the counter says.

        Raises:
            TokenizerError: It said something that is not a whole number of 0 or more.
        """
        said = self._counter(text)
        try:
            tokens = operator.index(said)
        except TypeError as error:
            raise TokenizerError(_complaint(self.name, said)) from error
        if tokens < 0:
            raise TokenizerError(_complaint(self.name, said))
        return tokens

    def fit(self, text: str, limit: int) -> int:
        """Return the length, in characters, of a long prefix of at most ``limit`` tokens."""
        return longest_prefix(text, limit, self.count)


def _complaint(name: str, said: object) -> str:
    return f"the token counter {name!r} returned {said!r}; it must return an int of 0 or more"

"""What the tests of token counting share: the ways to count, and text that is hard to count."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from context_manager.tokens.characters import valid_text

SEPARABLE = ["cl100k_base", "o200k_base", "approximate"]
each_counter = pytest.mark.parametrize("model", SEPARABLE)

# Every kind of character that the splitting patterns or the cuts tell apart.
TRICKY = [
    *" \t\n\r\x00\x1c\x85\u00a0\u2028\u3000",
    *"/'sStTlLrevmdD.,;:!-_^`(",
    *"019٣²Ⅷaбが中가क्á\u0301ᵃǅſK",
    *"😀👍🏽\u200d\ufe0f🇩🇪\ud800\udfff\U000e0041",
    *["'s", "'Re", "'LL", " the", " a", "\n\n", "\r\n", "  ", "    ", "...", "/*", "//"],
    *["word", "中文，", "1,234.5", "<|endoftext|>", "getHTTPName"],
]

tricky_text = st.lists(st.sampled_from(TRICKY), max_size=30).map("".join)
any_text = st.one_of(tricky_text, st.text(st.characters(exclude_categories=()), max_size=60))
valid_any_text = any_text.map(valid_text)
long_runs = st.lists(
    st.tuples(st.sampled_from(TRICKY), st.integers(1, 5000)), min_size=1, max_size=4
).map(lambda runs: "".join(piece * times for piece, times in runs))


class Recorder:
    """A separable tokenizer of one token per character that notes the sizes it is given."""

    name = "recorder"
    exact = True
    separable = True

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def count(self, text: str) -> int:
        """Return the number of characters."""
        self.sizes.append(len(text))
        return len(text)

    def fit(self, text: str, limit: int) -> int:
        """Return ``limit``, or the whole length."""
        return min(len(text), limit)

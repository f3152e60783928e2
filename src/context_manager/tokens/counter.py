"""The face of token counting: `TokenCounter`, under the names that users call.

Decides how a model's name becomes a tokenizer and what a list costs. Where text is cut is decided
in `cutting`, where it may be divided in `boundaries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from context_manager.errors import InputError
from context_manager.forks import NO_FORK
from context_manager.tokens import cutting
from context_manager.tokens.characters import valid_text
from context_manager.tokens.custom import CustomTokenizer
from context_manager.tokens.messages import PRIMING, message_tokens
from context_manager.tokens.models import APPROXIMATE, encoding_for
from context_manager.tokens.prefix import TrialCounts, prefix_counts
from context_manager.tokens.protocol import Counter, Tokenizer

DEFAULT_MARKER = "\n[...]\n"
"""Stands where `TokenCounter.truncate_middle` cut something out."""


class TokenCounter:
    """Counts, cuts and splits text by the tokens of a model, offline.

    The count depends on the text alone. Text that looks like a special token
    (``"<|endoftext|>"``) is ordinary text; a lone surrogate counts as U+FFFD. Any text is counted
    in time proportional to its length: a stretch of more than 4,096 characters without any place
    to divide it (a space, a new line, a change from letters to digits or punctuation) is divided
    all the same, and only there may the count differ from the model's own by a token or two.
    Instances are cheap, load nothing until they first count, and may be shared between threads
    and used after a fork.

    Args:
        model: A model's name, or an encoding's (``"cl100k_base"``, ``"o200k_base"``,
            ``"approximate"``). OpenAI's models since 2022 are counted exactly, all others by the
            conservative rule in `approximate`.
        counter: Counts instead, e.g. the model's own tokenizer. ``model`` is then only a name.

    Attributes:
        model: The name as given.
        encoding: What counts: the name of an encoding, ``"approximate"`` or ``"custom"``.

    Example:
        >>> counter = TokenCounter("gpt-4")
        >>> counter.count_tokens("Hello, world!")
        4
        >>> counter.truncate_to_tokens("Hello, world!", 2)
        'Hello,'
    """

    def __init__(self, model: str = "gpt-4", *, counter: Counter | None = None) -> None:
        self.model = model
        self.encoding = "custom" if counter is not None else encoding_for(model)
        self._counter = counter

    def __repr__(self) -> str:
        return f"TokenCounter(model={self.model!r}, encoding={self.encoding!r})"

    def __call__(self, text: str) -> int:
        """Return the tokens of one text; so a `TokenCounter` is itself a `Counter`."""
        return cutting.count(_checked(text), self.tokenizer)

    @property
    def exact(self) -> bool:
        """True unless the count is an approximation."""
        return self.encoding != APPROXIMATE

    @property
    def tokenizer(self) -> Tokenizer:
        """What counts; the first use of a bundled encoding in a process loads it (under 1 s).

        Raises:
            TokenizerError: The bundled data is damaged.
        """
        if self._counter is not None:
            return CustomTokenizer(self._counter, self.model)
        with NO_FORK:  # a child forked during an import would wait for it for ever
            if self.encoding == APPROXIMATE:
                from context_manager.tokens.approximate import TOKENIZER

                return TOKENIZER
            from context_manager.tokens.encodings import byte_pair_tokenizer

            return byte_pair_tokenizer(self.encoding)

    def count_tokens(self, text: str | Iterable[str | Mapping[str, Any]]) -> int:
        """Return the tokens of a text, or of a list of texts or chat messages.

        Args:
            text: A text; or texts, each counted by itself; or messages with ``role`` and
                ``content``, each with 3 tokens of framing (4 with a ``name``) and 3 in all for
                the opening of the reply, as OpenAI's chat models are billed.

        Raises:
            InputError: An item is neither text nor a message, or a message holds a part that is
                not text.
        """
        if isinstance(text, str):
            return self(text)
        if isinstance(text, Mapping) or not isinstance(text, Iterable):
            raise InputError(
                f"cannot count tokens of {type(text).__name__}; give a text, or a list of texts "
                "or messages"
            )
        items = list(text)
        priming = PRIMING if any(isinstance(item, Mapping) for item in items) else 0
        return priming + sum(self._item(item) for item in items)

    def truncate_to_tokens(self, text: str, n: int) -> str:
        """Return the longest start of ``text`` that counts at most ``n`` tokens by itself.

        The cut breaks no character (nor an emoji or a letter with its marks), so a little less
        than ``n`` may be used. Text that fits is returned as it is.

        Raises:
            InputError: ``n`` is negative.
        """
        checked = _checked(text)
        _check_limit(n)
        if not self.tokenizer.separable and self(text) <= n:
            return text
        return text[: cutting.prefix_end(checked, n, self.tokenizer)]

    def truncate_middle(
        self, text: str, n: int, marker: str = DEFAULT_MARKER, *, head_share: float = 0.5
    ) -> str:
        """Return head and tail of ``text`` around ``marker``, in at most ``n`` tokens all in all.

        Text that fits is returned as it is.

        Args:
            text: Any text.
            n: Tokens allowed.
            marker: Stands where the cut was made.
            head_share: How much of the room the head gets, 0 to 1; the tail gets the rest.

        Raises:
            InputError: ``n`` is negative, or the text must be cut and the marker alone exceeds
                ``n``, or ``head_share`` is out of range.
        """
        _check_limit(n)
        if not 0 <= head_share <= 1:
            raise InputError(f"head_share is {head_share}; it must lie between 0 and 1")
        gap = cutting.middle_gap(
            _checked(text), n, self.tokenizer, marker=_checked(marker), head_share=head_share
        )
        return text if gap is None else text[: gap[0]] + marker + text[gap[1] :]

    def split_text_into_token_chunks(self, text: str, size: int, overlap: int = 0) -> list[str]:
        """Return ``text`` in consecutive chunks of at most ``size`` tokens.

        With ``overlap=0`` the chunks, joined, are the text. Otherwise each chunk begins with up
        to ``overlap`` tokens of the one before. A character is broken (between code points) only
        if it does not fit a chunk by itself.

        Raises:
            InputError: ``size`` is below 1, ``overlap`` is not from 0 to ``size - 1``, or a code
                point needs more than ``size`` tokens (never, if ``size`` is 4 or more).
        """
        found = cutting.spans(_checked(text), size, overlap, self.tokenizer)
        return [text[start:end] for start, end in found]

    def count_line(self, line: str) -> int:
        """Return the tokens of a line with its line end; prompts that show it need not count it."""
        text = _checked(line)
        if self.tokenizer.separable and text.find("\n") == len(text) - 1 > 0:
            known = TrialCounts(self.tokenizer).of_line(text[:-1])
            if known is not None:
                return known
        return self(text)

    def trial_counts(self) -> TrialCounts:
        """Return a function like `prefix_counts` for lists that have most parts in common."""
        return TrialCounts(self.tokenizer)

    def prefix_counts(self, parts: Sequence[str]) -> list[int]:
        """Return, for each part, the tokens of ``"".join(parts[: i + 1])``."""
        return prefix_counts([_checked(part) for part in parts], self.tokenizer)

    def _item(self, item: object) -> int:
        if isinstance(item, Mapping):
            return message_tokens(item, self)
        return self(_checked(item))


def as_counter(thing: Any) -> TokenCounter:
    """A `TokenCounter` of anything with ``count_tokens``; one that counts by our rules is itself.

    A subclass with a ``count_tokens`` of its own inherits methods that would count differently.
    """
    if isinstance(thing, TokenCounter) and _counts_as_ours(thing):
        return thing
    return TokenCounter(type(thing).__name__, counter=lambda text: int(thing.count_tokens(text)))


def _counts_as_ours(counter: TokenCounter) -> bool:
    kind = type(counter)
    altered = {"count_tokens", "__call__", "tokenizer"}.intersection(vars(counter))
    return not altered and all(
        getattr(kind, name) is getattr(TokenCounter, name)
        for name in ("count_tokens", "__call__", "tokenizer")
    )


def _checked(text: object) -> str:
    if not isinstance(text, str):
        raise InputError(f"cannot count tokens of {type(text).__name__}; give a text")
    return valid_text(text)


def _check_limit(n: int) -> None:
    if n < 0:
        raise InputError(f"the number of tokens is {n}; it must be 0 or more")

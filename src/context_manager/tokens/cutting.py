"""Decides where texts of any length are counted, cut and split by tokens.

Counting takes time in proportion to the text, whatever the text: it goes part by part, as
`boundaries` says. Every cut has been counted as the text that is handed out, because the first
tokens of a text, read again as a text of their own, can be more.

This file knows no models; texts must be valid Unicode (`characters.valid_text`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from context_manager.errors import InputError
from context_manager.tokens.boundaries import LIMIT, cuts, last_boundary
from context_manager.tokens.characters import next_whole_cut, previous_whole_cut
from context_manager.tokens.protocol import Tokenizer
from context_manager.tokens.search import longest_suffix

_LONG_TOKEN = 8  # characters; few texts have so many per token
_LONG_WORD = 64  # characters; how far back a word is looked for that a cut went through


def parts(text: str, tokenizer: Tokenizer, start: int = 0) -> Iterator[tuple[int, int]]:
    """Yield start and end of the parts of ``text[start:]`` whose counts add up to its count."""
    if not tokenizer.separable:
        yield start, len(text)
        return
    for end in cuts(text, start):
        yield start, end
        start = end


def count(text: str, tokenizer: Tokenizer) -> int:
    """Return the tokens of ``text``, of any length."""
    if len(text) <= LIMIT:
        return tokenizer.count(text)
    return sum(tokenizer.count(text[start:end]) for start, end in parts(text, tokenizer))


def fits(text: str, limit: int, tokenizer: Tokenizer) -> bool:
    """Tell whether ``text`` has at most ``limit`` tokens, counting no more of it than needed."""
    left = limit
    for start, end in parts(text, tokenizer):
        left -= tokenizer.count(text[start:end])
        if left < 0:
            return False
    return True


def prefix_end(text: str, limit: int, tokenizer: Tokenizer, start: int = 0) -> int:
    """Return the end of a long prefix of ``text[start:]`` of at most ``limit`` tokens.

    Args:
        text: Valid text.
        limit: Tokens allowed, 0 or more.
        tokenizer: What counts.
        start: Where the prefix begins.

    Returns:
        A position that breaks no character; ``start`` if nothing fits.
    """
    cut = _code_point_end(text, limit, tokenizer, start)
    whole = previous_whole_cut(text, cut, start)
    if whole == cut or count(text[start:whole], tokenizer) <= limit:
        return whole
    return cut


def suffix_start(text: str, limit: int, tokenizer: Tokenizer) -> int:
    """Return the start of a long suffix of ``text`` of at most ``limit`` tokens.

    Returns:
        A position that breaks no character; ``len(text)`` if nothing fits.
    """
    cut = 0
    left = limit
    for begin, end in reversed(list(parts(text, tokenizer))):
        part = text[begin:end]
        cost = tokenizer.count(part)
        if cost > left:
            cut = end - longest_suffix(part, left, tokenizer.count)
            break
        left -= cost
    counted = _counted_suffix(text, cut, limit, tokenizer)
    return _word_start(text, counted, limit, tokenizer)


def middle_gap(
    text: str, limit: int, tokenizer: Tokenizer, *, marker: str, head_share: float
) -> tuple[int, int] | None:
    """Return start and end of what ``marker`` must replace so that ``limit`` tokens suffice.

    Args:
        text: Valid text.
        limit: Tokens allowed.
        tokenizer: What counts.
        marker: Stands where something was cut; counted like the rest.
        head_share: Share of the room that the head gets, 0 to 1.

    Returns:
        Two positions that break no character, or None if the text fits as it is.

    Raises:
        InputError: The marker alone does not fit.
    """
    if fits(text, limit, tokenizer):
        return None
    room = limit - count(marker, tokenizer)
    if room < 0:
        raise InputError(
            f"a cut must be marked, and the marker {marker!r} alone needs {limit - room} of "
            f"{limit} tokens; allow more tokens or pass a shorter marker"
        )
    while room > 0:
        head = prefix_end(text, round(room * head_share), tokenizer)
        rest = text[head:]
        tail = head + suffix_start(rest, room - count(text[:head], tokenizer), tokenizer)
        excess = count(text[:head] + marker + text[tail:], tokenizer) - limit
        if excess <= 0:
            return head, tail
        room -= excess
    return 0, len(text)


def spans(text: str, size: int, overlap: int, tokenizer: Tokenizer) -> Iterator[tuple[int, int]]:
    """Yield start and end of consecutive chunks of at most ``size`` tokens that cover ``text``.

    Each chunk begins at most ``overlap`` tokens before the end of the one before it, and ends
    behind that end.

    Raises:
        InputError: ``size`` or ``overlap`` is out of range, or one character needs more than
            ``size`` tokens (with the bundled encodings never, if ``size`` is 4 or more).
    """
    if size < 1:
        raise InputError(f"the chunk size is {size} tokens; it must be 1 or more")
    if not 0 <= overlap < size:
        raise InputError(
            f"the overlap is {overlap} tokens; it must be 0 or more and below the chunk size {size}"
        )
    start = done = 0
    while done < len(text):
        end = prefix_end(text, size, tokenizer, start)
        if end <= done:  # the overlap leaves no room for the next character, so it goes
            start, end = done, _one_step(text, size, tokenizer, done)
        yield start, end
        done = end
        start = start + suffix_start(text[start:done], overlap, tokenizer) if overlap else done


def _one_step(text: str, size: int, tokenizer: Tokenizer, start: int) -> int:
    """Return an end behind ``start``; a character is broken between code points if it must be."""
    end = prefix_end(text, size, tokenizer, start)
    if end == start:
        end = _code_point_end(text, size, tokenizer, start)
    if end == start:
        raise InputError(
            f"the character {text[start]!r} at position {start} needs more than {size} tokens; "
            "use a chunk size of 4 or more"
        )
    return end


def _code_point_end(text: str, limit: int, tokenizer: Tokenizer, start: int) -> int:
    if not tokenizer.separable:
        return start + tokenizer.fit(text[start:], limit)
    # A first part of about the right size saves counting far beyond a small limit.
    near = last_boundary(text, start, start + min(LIMIT, _LONG_TOKEN * limit)) or start
    left = limit
    for begin, end in chain([(start, near)], parts(text, tokenizer, near)):
        part = text[begin:end]
        cost = tokenizer.count(part)
        if cost > left:
            return begin + tokenizer.fit(part, left)
        left -= cost
    return len(text)


def _counted_suffix(text: str, cut: int, limit: int, tokenizer: Tokenizer) -> int:
    """Return ``cut``, or a later position, such that the suffix fits and begins with a character.

    A suffix of one enormous piece is divided at other places than the whole was, so the sum of
    its parts is only a guess until the suffix itself has been counted.
    """

    def cost(suffix: str) -> int:
        return count(suffix, tokenizer)

    if cost(text[cut:]) > limit:
        cut = len(text) - longest_suffix(text[cut:], limit, cost)
    whole = next_whole_cut(text, cut)
    if whole == cut or cost(text[whole:]) <= limit:
        return whole
    return cut


def _word_start(text: str, cut: int, limit: int, tokenizer: Tokenizer) -> int:
    """Return where the word begins that a suffix was cut through, if it fits whole, else ``cut``.

    The end of a word may cost as much as the word, or more: counts do not only grow.
    """
    begin = last_boundary(text, max(0, cut - _LONG_WORD), cut)
    if begin is None or begin == cut or count(text[begin:], tokenizer) > limit:
        return cut
    return begin

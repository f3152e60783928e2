"""Decides what of a message is indexed: the text to embed and the packed words of a passage.

The vector text and the words differ: both carry the speaker's name, only the words carry the
date. The packed form is what a store keeps beside a passage; it is opaque to the store and
read back here. Must not know about stores, scores or queries.

Packed layout, little-endian: uint32 length in words, then n uint64 term hashes in ascending
order, then n uint8 counts (255 means 255 or more).
"""

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from context_manager.retrieval.analysis import (
    Hashes,
    speaker_numbers,
    term_hashes,
    word_numbers,
    words,
)
from context_manager.retrieval.cues import MARKS, marks

_HEADER: Final = struct.Struct("<I")
_BYTES_PER_TERM: Final = 9
_MOST: Final = 255
_DAY: Final = 86_400
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class PassageWords:
    """The words of one passage.

    Attributes:
        length: words in the passage, for length normalisation.
        terms: uint64 [n], keyed term hashes, ascending and distinct.
        counts: uint8 [n], how often each occurs, at most 255.
    """

    length: int
    terms: Hashes
    counts: NDArray[np.uint8]


def vector_text(passage: str, speaker: str | None = None) -> str:
    """Return the text that is embedded for a passage: who said it, and what."""
    return f"{speaker}: {passage}" if speaker else passage


def pack_words(
    passage: str, key: bytes, *, speaker: str | None = None, timestamp: float | None = None
) -> bytes:
    """Return the packed words of a passage.

    Args:
        passage: the passage's own text.
        key: the store's secret for term hashes.
        speaker: the name of who said it; found as a word and as the speaker.
        timestamp: when it was said, seconds since 1970; its day, month and year are found as
            words.
    """
    length, numbers = _indexed(passage, key)
    for more, found in (_of_day(timestamp, key), _of_speaker(speaker, key)):
        length += more
        numbers += found
    numbers += [_mark(mark, key) for mark in marks(passage)]
    counts = Counter(numbers)
    terms = sorted(counts)
    often = [counts[term] for term in terms]
    if max(often, default=0) > _MOST:
        often = [min(count, _MOST) for count in often]
    return _HEADER.pack(length) + struct.pack(f"<{len(terms)}Q", *terms) + bytes(often)


def _indexed(text: str, key: bytes) -> tuple[int, list[int]]:
    """Words in a text, and the numbers of its terms as often as they occur."""
    known = word_numbers(key)
    length = 0
    numbers: list[int] = []
    for word in words(text):
        terms, found = known[word]
        length += terms
        numbers += found
    return length, numbers


def _of_speaker(speaker: str | None, key: bytes) -> tuple[int, list[int]]:
    """A name is found like any word, and as the speaker."""
    if not speaker:
        return 0, []
    length, numbers = _indexed(speaker, key)
    return length, numbers + speaker_numbers(speaker, key)


@lru_cache(maxsize=len(MARKS))
def _mark(mark: str, key: bytes) -> int:
    return int(term_hashes([mark], key)[0])


def unpack_words(packed: bytes) -> PassageWords:
    """Return what `pack_words` packed; the arrays are read-only views.

    Raises:
        ValueError: the bytes were not made by `pack_words`.
    """
    n, rest = divmod(len(packed) - _HEADER.size, _BYTES_PER_TERM)
    if n < 0 or rest:
        raise ValueError(f"packed words have a length of 4 + 9 n bytes, got {len(packed)}")
    terms = np.frombuffer(packed, dtype="<u8", count=n, offset=_HEADER.size)
    counts = np.frombuffer(packed, dtype=np.uint8, count=n, offset=_HEADER.size + 8 * n)
    return PassageWords(_HEADER.unpack_from(packed)[0], terms.astype(np.uint64, copy=False), counts)


@dataclass(frozen=True, slots=True)
class WordColumns:
    """The words of many passages, end to end.

    Attributes:
        lengths: uint32 [p], words in each passage.
        sizes: int64 [p], distinct terms of each passage.
        terms: uint64 [t], the terms of all passages, one passage after the other.
        counts: uint8 [t], their counts.
    """

    lengths: NDArray[np.uint32]
    sizes: NDArray[np.int64]
    terms: Hashes
    counts: NDArray[np.uint8]


def unpack_columns(packed: Sequence[bytes]) -> WordColumns:
    """Return what `unpack_words` returns of each, joined; for the thousands of a whole memory.

    Raises:
        ValueError: one was not made by `pack_words`.
    """
    head = _HEADER.size
    sizes = np.fromiter(map(len, packed), np.int64, len(packed)) - head
    if (sizes < 0).any() or (sizes % _BYTES_PER_TERM).any():
        raise ValueError("packed words have a length of 4 + 9 n bytes")
    sizes //= _BYTES_PER_TERM
    ends = (head + 8 * sizes).tolist()
    lengths = b"".join([item[:head] for item in packed])
    terms = b"".join([item[head:end] for item, end in zip(packed, ends, strict=True)])
    counts = b"".join([item[end:] for item, end in zip(packed, ends, strict=True)])
    return WordColumns(
        np.frombuffer(lengths, dtype="<u4"),
        sizes,
        np.frombuffer(terms, dtype="<u8").astype(np.uint64, copy=False),
        np.frombuffer(counts, dtype=np.uint8),
    )


def _of_day(timestamp: float | None, key: bytes) -> tuple[int, list[int]]:
    if not timestamp or not isfinite(timestamp):
        return 0, []
    return _of_numbered_day(int(timestamp // _DAY), key)


@lru_cache(maxsize=1024)
def _of_numbered_day(day: int, key: bytes) -> tuple[int, list[int]]:
    try:
        moment = datetime.fromtimestamp(day * _DAY, UTC)
    except (OverflowError, OSError, ValueError):
        return 0, []
    return _indexed(f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}", key)

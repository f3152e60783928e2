"""How a store finds candidates in a memory that is too large to be read whole.

This file decides the seam: what a back end offers under the name `finder`. It knows no query and no
formula. Keys of entries are divided into blocks of `BLOCK`; the words and vectors of a block are
*filed* together, and a block that is not filed (at least the last one) is read whole: its entries
are *loose*. So nothing is missed, whatever was filed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from context_manager.records import Kind, Partition
from context_manager.store.protocol import Pending, Rows

T = TypeVar("T")

BLOCK = 1024
"""Keys in a block."""

PLACE = 1 << 20
"""Passages an entry may have before those beyond are not found by their words."""


class Filed(NamedTuple):
    """What the blocks that are filed hold together."""

    passages: int
    words: int


class State(NamedTuple):
    """How large a partition is, and how much of it is filed.

    `due` says how many blocks are to be filed, of which the last is never one; None while no vector
    is of the model.
    """

    entries: int
    due: int | None


@dataclass(frozen=True, slots=True)
class WordLists:
    """The words of the passages of a block, term by term, as ranking packs them.

    Args:
        words: Words of all passages together.
        terms: Distinct terms, signed.
        held: By term, how many passages hold it.
        packed: By term, which ones; opaque to the store.
    """

    words: int
    terms: Sequence[int]
    held: Sequence[int]
    packed: Sequence[bytes]


Pack = Callable[[Sequence[int], Sequence[bytes]], WordLists]
"""Makes the lists of a block: from the place of each passage in it and its packed words. A place is
the entry's key less the block's first, times `PLACE`, plus the ordinal."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which entries a query looks at; None means any."""

    session_id: str | None = None
    task_id: str | None = None
    kinds: tuple[Kind, ...] | None = None
    as_of: float | None = None


class Look(Protocol):
    """One state of a partition, and what can be found in it."""

    def entries(self) -> int:
        """How many entries the partition holds."""
        ...

    def filed(self) -> Filed:
        """What is filed."""
        ...

    def loose(self) -> list[int]:
        """Keys of the entries that are not filed, words and vectors both."""
        ...

    def lists(self, terms: Sequence[int]) -> dict[int, list[tuple[int, bytes]]]:
        """By term, the number of each block that holds it and what was packed, ascending."""
        ...

    def keys(self, narrowing: Narrowing, most: int) -> list[int]:
        """Keys of the entries that a narrowing lets through, ascending; at most so many."""
        ...

    def nearest(self, vector: bytes, most: int, narrowing: Narrowing | None) -> list[int]:
        """Keys of the entries of the nearest filed vectors, nearest first.

        Args:
            vector: float32, little-endian, unit length.
            most: Vectors at most.
            narrowing: Only entries that it lets through.
        """
        ...

    def around(self, keys: Sequence[int], turns: int) -> list[int]:
        """Keys of the messages of so many turns before and after these in their sessions."""
        ...

    def spread(self, runs: int, length: int) -> list[int]:
        """Keys of entries spread evenly over the partition, in runs that follow each other."""
        ...

    def rows(self, keys: Sequence[int]) -> Rows:
        """The rows of entries, with their passages and the vectors of the model."""
        ...


class Finder(Protocol):
    """Finds candidates, and keeps what finds them.

    Raises:
        StoreError: or one of its kinds.
    """

    def check(self, dimension: int) -> None:
        """Refuse to work where it cannot.

        Raises:
            ConfigError: Says what is missing and how to mend it.
        """
        ...

    def size(self, partition: Partition) -> int:
        """How many entries a partition holds; must be cheap."""
        ...

    def state(self, partition: Partition, model: str) -> State:
        """How large a partition is, and how much of it is filed."""
        ...

    def waiting(self, partition: Partition, model: str, limit: int) -> list[Pending]:
        """Passages without a vector of this model, as far as the blocks tell; oldest first."""
        ...

    def file(self, partition: Partition, model: str, pack: Pack) -> bool:
        """File the oldest block that is due; once none is, make what searches them fast.

        Returns:
            Whether there may be more to do.
        """
        ...

    def look(self, partition: Partition, model: str, ask: Callable[[Look], T]) -> T:
        """The answer from one state of the store."""
        ...

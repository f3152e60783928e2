"""What a store kept in files can do for its own health, beyond the `Store` protocol.

This file holds the records; it knows no back end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from context_manager.records import Partition

CHECKED_TABLES = ("entries", "turns", "passages", "vectors", "ledger")
"""Tables whose rows carry a checksum, under the same names in every back end that has tables."""


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What `scrub` did; true where nothing of what was deleted is left in the files.

    Args:
        complete: Whether it was done to the end. False when other processes kept the file busy.
        gaps: Pages in which copies were found and overwritten.
        reason: Why it was not done to the end; "" if it was.
    """

    complete: bool
    gaps: int = 0
    reason: str = ""

    def __bool__(self) -> bool:
        return self.complete


class Damage(NamedTuple):
    """One thing that `verify` found wrong.

    `table` names where ("file" for the file as a whole), `partition` whose (None if that is
    unknown), `id` the row in words of its owner (an entry's id, a turn's id), `problem` what.
    """

    table: str
    partition: Partition | None
    id: str
    problem: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found; true where all is well.

    Args:
        rows: How many rows were read and checked.
        damages: What is wrong, row by row.
    """

    rows: int
    damages: tuple[Damage, ...] = ()

    def __bool__(self) -> bool:
        return not self.damages

    def __iter__(self) -> Iterator[Damage]:
        return iter(self.damages)


@dataclass(frozen=True, slots=True)
class Repaired:
    """What `repair` did.

    Args:
        vectors: Vectors dropped because they were damaged; their passages are pending again.
        orphans: Rows dropped that belonged to nothing.
        remaining: What could not be mended: damaged content, by name.
    """

    vectors: int
    orphans: int
    remaining: tuple[Damage, ...] = ()

    def __bool__(self) -> bool:
        return not self.remaining


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be told of a store at a glance, without reading its rows.

    Args:
        engine: Library and version that read and write the file.
        durability: "full" or "normal".
        schema: Number of the last schema step done in the file.
        bytes: Size of the file.
        log_bytes: Size of its write-ahead log.
        scrub_due: Whether something was deleted that may still lie in the file as bytes.
    """

    engine: str
    durability: str
    schema: int
    bytes: int
    log_bytes: int
    scrub_due: bool

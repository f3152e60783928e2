"""All memory of one store to another, row by row, whatever their back ends.

This file decides what stands in a row, in which order rows come, and when a partition counts as
moved: rows are read from one state of the source, written in one transaction of the target, read
back there, and compared. So a partition is there whole or not at all, and a move that was killed
goes on where it stopped. Everything keeps its ids, order and versions; words, digests and
idempotency keys stay valid, because the key of all hashes moves along. Jobs do not move: what is to
be done is found in memory.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from context_manager.errors import ConflictError, InputError, StoreError
from context_manager.records import Partition

T = TypeVar("T")

PORTION = 500
"""Rows written at once."""


TABLES = ("version", "session", "turn", "entry", "passage", "vector", "line", "done")
"""Of which rows come, in this order."""


class Row(NamedTuple):
    """One row; `values` are None, numbers, texts and bytes.

    Rows of a partition come by table, and in the order of age within each:

    - version: change, epoch
    - session: session_id, next_seq
    - turn: id, session_id, seq, timestamp, token_count, priority, metadata, consolidated
    - entry: change, the columns of `codec.ENTRY_COLUMNS`, digest
    - passage: id of the entry, ordinal, start, stop, tokens, words
    - vector: id of the entry, ordinal, model, data
    - line: book, name, body
    - done: digest, applied
    """

    table: str
    values: tuple[Any, ...]


Check = Callable[[Iterable[Row]], None]


class Mover(Protocol):
    """How the memory of a store is moved: what a back end offers under the name `mover`."""

    @property
    def location(self) -> str:
        """Where the store is, for messages."""
        ...

    def holders(self) -> list[Partition]:
        """Every partition that has a row of any kind, sorted."""
        ...

    def taken_out(self, partition: Partition) -> AbstractContextManager[Iterator[Row]]:
        """Every row of a partition, from one state of the store."""
        ...

    def put_in(self, partition: Partition, rows: Iterable[Row], check: Check) -> None:
        """Write these rows in the place of all that the partition holds, in one transaction.

        Args:
            partition: Whose memory.
            rows: As `taken_out` gives them.
            check: Called with the rows as they are read back before the commit; may raise.
        """
        ...

    def secret(self) -> bytes:
        """The key of all hashes, as it is now."""
        ...

    def adopt(self, secret: bytes) -> bool:
        """Take over a key of all hashes; the store must be opened anew to use it.

        Returns:
            False if there is memory already, whose hashes have another key.
        """
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did.

    Args:
        copied: How many partitions were copied.
        already: How many partitions were found in the target, equal row by row.
        rows: How many rows all of them hold.
        digest: Hash of all of them, the same for two stores that hold the same memory.
    """

    copied: int
    already: int
    rows: int
    digest: str


class Tally:
    """Counts and hashes rows as they pass."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = blake2b(digest_size=32)

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows."""
        for row in rows:
            self.rows += 1
            self._hash.update(line(row).encode("ascii"))
            yield row

    @property
    def digest(self) -> str:
        """Hash of the rows that passed."""
        return self._hash.hexdigest()


def line(row: Row) -> str:
    """A row as one line of the canonical dump: JSON in ASCII, bytes in base64."""
    packed = [_packed(value) for value in row.values]
    return json.dumps([row.table, *packed], separators=(",", ":"), allow_nan=False) + "\n"


def dump(store: Mover) -> Iterator[str]:
    """Everything a store holds, line by line; equal for stores that hold the same memory."""
    for partition in store.holders():
        yield line(Row("partition", tuple(partition)))
        with store.taken_out(partition) as rows:
            yield from map(line, rows)


def move(
    source: Mover,
    target: Mover,
    *,
    replace: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Moved:
    """Copy everything that the source holds to the target, and check it there.

    Nobody should write to either meanwhile: each partition is copied as it is at one time.

    Args:
        source: Is only read.
        target: Empty, or holding what an earlier call copied.
        replace: Copy anew what is in the target and differs.
        progress: Is told the number of partitions done so far.

    Raises:
        InputError: The target holds other memory under a key of its own.
        ConflictError: A partition of the target differs, and ``replace`` is off.
        StoreError: What was written does not read back as it was; nothing of it was kept.
    """
    _share_the_secret(source, target)
    held = set(target.holders())
    copied = rows = 0
    digests = blake2b(digest_size=32)
    holders = source.holders()
    for done, partition in enumerate(holders, 1):
        tally = _tallied(target, partition) if partition in held else None
        if tally is None or tally.digest != _tallied(source, partition).digest:
            if tally is not None and not replace:
                raise _differs(target, partition)
            tally = _copy(source, target, partition)
            copied += 1
        rows += tally.rows
        digests.update(f"{tuple(partition)!r}{tally.digest}".encode())
        if progress is not None:
            progress(done)
    return Moved(copied, len(holders) - copied, rows, digests.hexdigest())


def portions(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists of `PORTION`."""
    remaining = iter(items)
    while portion := list(islice(remaining, PORTION)):
        yield portion


def _share_the_secret(source: Mover, target: Mover) -> None:
    if target.secret() == source.secret():
        return
    if not target.adopt(source.secret()):
        raise InputError(
            f"{target.location} holds memory already, and not this; give an empty store"
        )


def _copy(source: Mover, target: Mover, partition: Partition) -> Tally:
    tally = Tally()

    def check(written: Iterable[Row]) -> None:
        back = Tally()
        _drain(back.of(written))
        if back.digest != tally.digest:
            raise StoreError(
                f"{tally.rows:,} rows of {tuple(partition)} were written to {target.location} and "
                f"{back.rows:,} read back, not all of them as they were; nothing of it was kept"
            )

    with source.taken_out(partition) as rows:
        target.put_in(partition, tally.of(rows), check)
    return tally


def _tallied(store: Mover, partition: Partition) -> Tally:
    tally = Tally()
    with store.taken_out(partition) as rows:
        _drain(tally.of(rows))
    return tally


def _differs(target: Mover, partition: Partition) -> ConflictError:
    return ConflictError(
        f"the memory of {tuple(partition)} in {target.location} differs from that in the source: "
        "one of them was written to since; copy it anew with --replace"
    )


def _drain(rows: Iterable[Row]) -> None:
    for _ in rows:
        pass


def _packed(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b": base64.b64encode(value).decode("ascii")}
    if isinstance(value, float):
        return value + 0.0  # no store tells -0.0 from 0.0
    return int(value) if isinstance(value, bool) else value

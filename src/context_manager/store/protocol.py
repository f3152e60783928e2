"""The seam between memory and where it is kept.

This file decides what a store must do; it knows no back end. A store holds turns, entries and
their passages for many partitions. All writes go through `apply`, one atomic change of one
partition; all reads name their partition or scope, so that nothing can leak by omission.

Beside memory stands the *ledger*: what is written down about memory and is not remembered itself
(receipts, tombstones, recorded prompts), in books of named lines.

Words and vectors are columns of a passage: words as an array of keyed term hashes, vectors tagged
with the fingerprint of the model that made them. A passage without a vector of the asked model is
*pending*: that is the embed job, written in the same transaction as the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from context_manager.errors import InputError
from context_manager.records import Kind, MemoryEntry, Partition, Scope, Turn
from context_manager.records.number import is_finite
from context_manager.store.change import (
    Applied,
    Change,
    EntryDraft,
    EntryUpdate,
    LedgerDraft,
    PassageDraft,
    TurnDraft,
    VectorUpdate,
    Version,
)
from context_manager.store.table import Table

__all__ = [
    "Applied",
    "Change",
    "EntryDraft",
    "EntryFilter",
    "EntryRow",
    "EntryUpdate",
    "LedgerDraft",
    "LedgerLine",
    "PassageDraft",
    "PassageRow",
    "Pending",
    "Rows",
    "Store",
    "TurnDraft",
    "VectorUpdate",
    "Version",
]


class LedgerLine(NamedTuple):
    """A line of a book; `number` grows with every line written."""

    number: int
    name: str
    body: str


class EntryRow(NamedTuple):
    """What ranking needs of an entry. `key` is the store's own small integer, growing with age."""

    key: int
    id: str
    kind: Kind
    session_id: str
    task_id: str
    seq: int
    place: int
    timestamp: float
    role: str
    trust: int
    importance: float
    expires_at: float | None
    valid_from: float | None
    valid_to: float | None
    superseded: bool


class PassageRow(NamedTuple):
    """What ranking needs of a passage; `vector` is None while pending for the asked model."""

    entry_key: int
    ordinal: int
    start: int
    end: int
    tokens: int
    words: bytes
    vector: bytes | None


@dataclass(frozen=True, slots=True, init=False)
class Rows:
    """Rows added or changed after a version, ordered by key and ordinal.

    A reader that follows puts them in the place of the rows it has under the same keys.

    Args:
        version: What they were read at.
        entries, passages: The rows, as tuples of the fields.
    """

    version: Version
    entries: Table[EntryRow]
    passages: Table[PassageRow]

    def __init__(
        self,
        version: Version,
        entries: Iterable[Sequence[Any]],
        passages: Iterable[Sequence[Any]],
    ) -> None:
        object.__setattr__(self, "version", version)
        owners = Table(EntryRow, entries)
        object.__setattr__(self, "entries", owners)
        object.__setattr__(self, "passages", Table(PassageRow, passages, expected=len(owners)))


class Pending(NamedTuple):
    """A passage that has no vector of the asked model yet."""

    entry_id: str
    ordinal: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries to list; None means any.

    Args:
        kinds: Kinds wanted.
        session_id, task_id, turn_id, role: Exact values.
        since, until: Bounds of the timestamp, both inclusive.
        source_id: Entries derived from this one.
        digest: Entries with this digest; b"" finds none.
        metadata: Entries whose metadata hold all these top-level values, compared as JSON.

    Raises:
        InputError: A bound is not a finite number.
    """

    kinds: tuple[str, ...] | None = None
    session_id: str | None = None
    task_id: str | None = None
    turn_id: str | None = None
    role: str | None = None
    since: float | None = None
    until: float | None = None
    source_id: str | None = None
    digest: bytes | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, bound in (("since", self.since), ("until", self.until)):
            if bound is not None and not is_finite(bound):
                raise InputError(f"{name} must be a finite number of seconds, got {bound!r:.100}")


class Store(Protocol):
    """Where memory is kept. Every method may be called from any thread.

    One that waits for nothing outside this machine may say so by an attribute ``local = True``:
    then awaited calls take turns at the processors.

    Raises:
        StoreError: or one of its kinds; after it nothing is half done.
        InputError: From `apply`, for what cannot be stored exactly or exists already (see
            `store.intake`); `ScopeError` for a draft of another partition.
        EmbeddingError: From `apply`, for a vector that is not finite, not of unit length, or not
            of the dimension of its model's others.
        ConflictError: From `apply`, when what the change expects is not so.
    """

    @property
    def location(self) -> str:
        """Where the data lies, for messages and statistics; "" in memory."""
        ...

    def apply(self, partition: Partition, change: Change) -> Applied:
        """Do a change atomically; when it returns, it is as durable as the store promises."""
        ...

    def version(self, partition: Partition) -> Version:
        """The present version; (0, 0) of a partition never written. Must be cheap."""
        ...

    def rows(self, partition: Partition, model: str, since: int = 0) -> Rows:
        """Rows changed after ``since``, an entry with all its passages when any of them changed."""
        ...

    def entries(self, partition: Partition, ids: Sequence[str]) -> list[MemoryEntry]:
        """The entries with these ids that exist, in the order asked, without embeddings."""
        ...

    def vectors(self, partition: Partition, ids: Sequence[str], model: str) -> dict[str, bytes]:
        """The vector of each entry's first passage, for those that have one of this model."""
        ...

    def find(
        self, partition: Partition, where: EntryFilter, *, after: int = 0, limit: int | None = None
    ) -> list[tuple[int, MemoryEntry]]:
        """Entries that match, with their keys, oldest first, from key ``after`` (exclusive) on."""
        ...

    def turns(
        self, scope: Scope, *, after: int = -1, before: int | None = None, last: int | None = None
    ) -> list[Turn]:
        """Turns of one session with ``after < seq < before`` in order; the ``last`` n if given.

        The task of the scope plays no part. A message at its turn's own time has no timestamp. A
        turn some of whose messages were forgotten comes with those that remain, its token count as
        it was; one without any is left out.
        """
        ...

    def unconsolidated(self, scope: Scope) -> list[Turn]:
        """Turns of one session that no summary stands for yet, in order."""
        ...

    def sessions(self, partition: Partition) -> list[Scope]:
        """Every session of the partition that has a turn, oldest first, without tasks."""
        ...

    def pending(self, partition: Partition, model: str, limit: int) -> list[Pending]:
        """Up to ``limit`` passages without a vector of this model, oldest first."""
        ...

    def models(self, partition: Partition) -> dict[str, int]:
        """How many vectors of each model the partition holds; models without one are left out."""
        ...

    def ledger(
        self,
        partition: Partition,
        book: str,
        names: Sequence[str] | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> list[LedgerLine]:
        """Lines of a book in the order written, from number ``after`` (exclusive) on.

        Args:
            partition: Whose ledger.
            book: Which book.
            names: Only lines of these names.
            after: Only lines with a higher number.
            limit: Lines at most; a negative limit gives the last ones, still in order.
        """
        ...

    def partitions(self, tenant_id: str | None = None, *, ledgers: bool = False) -> list[Partition]:
        """Every partition that holds an entry, sorted; of one tenant if given.

        Args:
            tenant_id: Only this tenant's.
            ledgers: Those too whose memory is empty but whose ledger is not.
        """
        ...

    def secret(self) -> bytes:
        """32 random bytes made with the store and kept in it: the key of all its hashes."""
        ...

    def close(self) -> None:
        """Release everything; calling it again does nothing."""
        ...

"""What a store is told: one atomic change of one partition, and what it is made of.

This file decides what can be written. What can be read, and what a store must do, stands in
`protocol.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from context_manager.records import MemoryEntry, Scope, Turn


class Version(NamedTuple):
    """State of a partition.

    `change` grows with every change; `epoch` grows when something already read was altered or
    removed, so that a reader who follows by `change` alone must read anew.
    """

    change: int
    epoch: int


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage to be stored: character range in the entry's text, words, and tokens when shown.

    `words` holds pairs (uint64 term hash, count) as the analyser's packed bytes; opaque here.
    """

    start: int
    end: int
    words: bytes
    tokens: int


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry to be stored with its passages; `vectors` if they are known already.

    `vectors` are float32 little-endian bytes of one unit vector per passage, made by `model`.
    `digest` is a keyed hash of the normalised text, for finding duplicates; b"" for none.
    """

    entry: MemoryEntry
    passages: tuple[PassageDraft, ...]
    vectors: tuple[bytes, ...] = ()
    model: str = ""
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class TurnDraft:
    """A turn to be appended to the session of `scope`; the store gives it the next `seq`.

    `entries` are its messages, in order; the store writes the draft's scope, the turn's id and
    `seq`, and their place in the turn into each. A turn without entries only uses up a seq.
    """

    scope: Scope
    turn: Turn
    entries: tuple[EntryDraft, ...]


@dataclass(frozen=True, slots=True)
class VectorUpdate:
    """The vector of one passage, made by `model`: float32 little-endian bytes, unit length."""

    entry_id: str
    ordinal: int
    vector: bytes
    model: str


@dataclass(frozen=True, slots=True)
class EntryUpdate:
    """New values for fields of an entry; unknown ids are ignored.

    What an entry is and whose it is never changes: id, text, embedding, scope, turn_id, seq, place.
    """

    entry_id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LedgerDraft:
    """A line to be written into a book of the partition's ledger.

    A name stands in a book once: `replace` writes over a line of that name, without it such a
    line makes the change fail with `ConflictError`.
    """

    book: str
    name: str
    body: str
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One atomic change of one partition: all of it happens, or none.

    What is expected is checked first. What is removed goes next, then come turns and entries,
    then vectors, updates and marks, then the ledger; so an id that the change removes may be given
    again in it, and an update reaches what it adds. A turn that loses a message loses its
    metadata too, since they may tell of it.
    A change that finds nothing to do leaves the version as it was; so does the ledger.

    Args:
        turns: Turns to append.
        entries: Entries to add that belong to no turn; the ids of all entries of a partition
            differ, and so do those of its turns.
        vectors: Vectors that have become known; for a passage that is gone they are ignored.
        updates: Changed fields of entries.
        remove_entries: Ids of entries to delete with their passages; a turn goes with its last
            message.
        remove_turns: Ids of turns to delete with their messages.
        consolidated: Ids of turns that a summary now stands for.
        reopened: Ids of turns that no summary stands for any more.
        ledger: Lines to write down.
        strike: Lines to remove, as pairs of book and name; unknown ones are ignored.
        erase: Everything that the partition holds goes first: entries, turns, sessions, ledger;
            only hashes of idempotency keys stay.
        drop_model: Fingerprint of a model all of whose vectors are deleted; "" for none.
        expect_entries: Ids of entries that must be there and not superseded; otherwise nothing is
            done and `ConflictError` is raised. So nothing is derived from what was forgotten or
            replaced while it was being made.
        expect_turns: Ids of turns that must be there with no summary standing for them.
        expect_closed: Everything derived from what is removed must be removed too; otherwise
            likewise. So nothing derived in the meantime outlives its source.
        expect_epoch: The epoch that the partition must still have; None for any.
        key: Idempotency key; a second change with the same key does nothing and returns what the
            first returned.
    """

    turns: tuple[TurnDraft, ...] = ()
    entries: tuple[EntryDraft, ...] = ()
    vectors: tuple[VectorUpdate, ...] = ()
    updates: tuple[EntryUpdate, ...] = ()
    remove_entries: tuple[str, ...] = ()
    remove_turns: tuple[str, ...] = ()
    consolidated: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    ledger: tuple[LedgerDraft, ...] = ()
    strike: tuple[tuple[str, str], ...] = ()
    erase: bool = False
    drop_model: str = ""
    expect_entries: tuple[str, ...] = ()
    expect_turns: tuple[str, ...] = ()
    expect_closed: bool = False
    expect_epoch: int | None = None
    key: str | None = None

    @property
    def only_vectors(self) -> bool:
        """Whether it holds nothing but vectors: what is lost of it is computed again."""
        return bool(self.vectors) and self == Change(vectors=self.vectors)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change did: the partition's version after it, the seq of each appended turn, and how
    many entries were removed."""

    version: Version
    seqs: tuple[int, ...] = ()
    removed: int = 0

"""What every back end checks and makes uniform before it stores anything.

This file decides which changes are acceptable and the one form in which metadata is kept. It knows
no back end and does no I/O, so that all back ends refuse the same input with the same words.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from context_manager.errors import ConflictError, EmbeddingError, InputError, ScopeError
from context_manager.records import KINDS, MemoryEntry, Partition, Scope, Trust
from context_manager.records.message import ROLES
from context_manager.records.number import is_finite
from context_manager.store.protocol import Change, EntryDraft, TurnDraft, VectorUpdate, Version

MUTABLE_FIELDS = frozenset(
    {
        "expires_at",
        "importance",
        "kind",
        "metadata",
        "name",
        "role",
        "source_ids",
        "superseded_by",
        "timestamp",
        "trust",
        "valid_from",
        "valid_to",
    }
)
"""Fields of an entry that an `EntryUpdate` may set; the rest say what and whose the entry is."""

UNIT_TOLERANCE = 0.01
"""How far the length of a stored vector may be from 1."""

_TIMES = ("timestamp", "importance")
_OPTIONAL_TIMES = ("expires_at", "valid_from", "valid_to")


def check_change(partition: Partition, change: Change) -> None:
    """Refuse a change that no store could carry out whole.

    Raises:
        ScopeError: A draft lies outside the partition.
        InputError: An id, a text, a number or metadata that cannot be stored exactly, a passage
            outside its text, an id given twice.
        EmbeddingError: A vector that is not finite and of unit length.
    """
    for turn in change.turns:
        _check_turn(partition, turn)
    for draft in change.entries:
        _check_scope(partition, draft.entry.scope, draft.entry.id)
        _check_loose(draft.entry)
        _check_draft(draft)
    for vector in change.vectors:
        _check_vector(vector.vector, vector.model, vector.entry_id)
    for update in change.updates:
        _check_fields(update.fields)
    if change.key is not None:
        _check_text("key", change.key)
    for line in change.ledger:
        for part in (line.book, line.name, line.body):
            _check_text("a ledger line", part)
    _check_unique("turn", [turn.turn.id for turn in change.turns])
    _check_unique("entry", [draft.entry.id for draft in all_drafts(change)])


def all_drafts(change: Change) -> list[EntryDraft]:
    """Every entry that the change adds, those of its turns first."""
    return [*(draft for turn in change.turns for draft in turn.entries), *change.entries]


def placed(draft: TurnDraft, seq: int) -> list[EntryDraft]:
    """The messages of a turn with everything the turn decides: scope, turn id, seq and place."""
    return [
        replace(
            item,
            entry=replace(
                item.entry, scope=draft.scope, turn_id=draft.turn.id, seq=seq, place=place
            ),
        )
        for place, item in enumerate(draft.entries)
    ]


def draft_vectors(draft: EntryDraft) -> list[VectorUpdate]:
    """The vectors that came with a draft."""
    return [
        VectorUpdate(draft.entry.id, ordinal, vector, draft.model)
        for ordinal, vector in enumerate(draft.vectors)
    ]


def pack_metadata(metadata: Mapping[str, Any]) -> str:
    """Metadata as canonical JSON: keys sorted, no spaces, ASCII.

    Raises:
        InputError: A value JSON cannot hold (an object, NaN, an endless nesting).
    """
    if not metadata:
        return "{}"
    try:
        return json.dumps(dict(metadata), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"metadata must hold JSON values only (text, numbers, true, false, null, lists and "
            f"tables with text keys): {error}"
        ) from error


def unpack_metadata(packed: str) -> dict[str, Any]:
    """The metadata that `pack_metadata` wrote; a new dict each time."""
    return {} if packed == "{}" else dict(json.loads(packed))


def metadata_parts(wanted: Mapping[str, Any]) -> list[str]:
    """One text for each wanted pair that packed metadata holding it must contain."""
    return [pack_metadata({key: value})[1:-1] for key, value in wanted.items()]


def metadata_holds(packed: str, wanted: Mapping[str, Any]) -> bool:
    """Whether packed metadata hold all wanted top-level values, compared as JSON."""
    if not wanted:
        return True
    held = unpack_metadata(packed)
    return all(
        key in held and pack_metadata({key: held[key]}) == pack_metadata({key: value})
        for key, value in wanted.items()
    )


def dimension(vector: bytes) -> int:
    """Numbers in a packed vector."""
    return len(vector) // 4


def check_dimension(model: str, known: int, vector: bytes) -> None:
    """Refuse a vector whose dimension differs from the others of its model."""
    if known != dimension(vector):
        raise EmbeddingError(
            f"a vector of model {model!r} has {dimension(vector)} numbers, but this store holds "
            f"vectors of that model with {known}; give the changed model another fingerprint"
        )


def duplicate(kind: str, identifier: str) -> InputError:
    """The error for an id that exists already."""
    return InputError(f"{kind} id {identifier!r} exists already in this scope; ids are used once")


def check_epoch(change: Change, present: Version) -> None:
    """Refuse a change that was made for another epoch.

    Raises:
        ConflictError: Something was altered or forgotten since.
    """
    if change.expect_epoch not in (None, present.epoch):
        raise ConflictError(
            f"the partition is at epoch {present.epoch}, this change was made for epoch "
            f"{change.expect_epoch}; nothing was written, read anew and decide again"
        )


def conflict(ids: Sequence[str], kind: str) -> ConflictError:
    """The error for what a change expects and does not find."""
    return ConflictError(
        f"{len(ids)} {kind} this change builds on were altered or forgotten meanwhile, the first "
        f"is {ids[0]!r}; nothing was written, read anew and decide again"
    )


def _check_turn(partition: Partition, draft: TurnDraft) -> None:
    turn = draft.turn
    _check_identifier("turn id", turn.id)
    _check_scope(partition, draft.scope, turn.id)
    _check_number("turn timestamp", turn.timestamp)
    _check_number("turn priority", turn.priority)
    pack_metadata(turn.metadata)
    for item in draft.entries:
        if item.entry.role is None:
            raise InputError(f"message {item.entry.id!r} of turn {turn.id!r} has no role")
        _check_draft(item)


def _check_scope(partition: Partition, scope: Scope, identifier: str) -> None:
    if scope.partition != partition:
        raise ScopeError(
            f"{identifier!r} belongs to {tuple(scope.partition)}, "
            f"the change is for {tuple(partition)}; one change stays in one partition"
        )


def _check_draft(draft: EntryDraft) -> None:
    check_entry(draft.entry)
    length = len(draft.entry.text)
    for passage in draft.passages:
        if not 0 <= passage.start <= passage.end <= length:
            raise InputError(
                f"passage {passage.start}:{passage.end} lies outside the {length} characters of "
                f"entry {draft.entry.id!r}"
            )
    if draft.vectors and len(draft.vectors) != len(draft.passages):
        raise InputError(
            f"entry {draft.entry.id!r} has {len(draft.passages)} passages but "
            f"{len(draft.vectors)} vectors; give one for each or none"
        )
    for vector in draft.vectors:
        _check_vector(vector, draft.model, draft.entry.id)


def _check_loose(entry: MemoryEntry) -> None:
    if entry.turn_id is not None or entry.seq != -1:
        raise InputError(
            f"entry {entry.id!r} names turn {entry.turn_id!r}; messages of a turn are added with "
            "their turn, other entries have turn_id=None and seq=-1"
        )


def check_entry(entry: MemoryEntry) -> None:
    """Refuse an entry with a value that cannot be stored and read back exactly."""
    _check_identifier("entry id", entry.id)
    _check_text("text", entry.text)
    if entry.kind not in KINDS:
        raise InputError(f"kind must be one of {list(KINDS)}, got {entry.kind!r}")
    if entry.role is not None and entry.role not in ROLES:
        raise InputError(f"role must be one of {sorted(ROLES)} or None, got {entry.role!r}")
    for field in _TIMES:
        _check_number(field, getattr(entry, field))
    for field in _OPTIONAL_TIMES:
        if getattr(entry, field) is not None:
            _check_number(field, getattr(entry, field))
    if entry.trust not in Trust.__members__.values():
        raise InputError(f"trust must be a Trust, got {entry.trust!r}")
    for text in (entry.name or "", entry.superseded_by or "", *entry.source_ids):
        _check_text("name, superseded_by and source_ids", text)
    pack_metadata(entry.metadata)


def _check_fields(fields: Mapping[str, Any]) -> None:
    unknown = sorted(set(fields) - MUTABLE_FIELDS)
    if unknown:
        raise InputError(f"cannot update {unknown}; these may change: {sorted(MUTABLE_FIELDS)}")
    check_entry(MemoryEntry("update", "", **fields))


def _check_identifier(name: str, value: str) -> None:
    _check_text(name, value)
    if not value:
        raise InputError(f"{name} must not be empty")


def _check_text(name: str, value: str) -> None:
    if not isinstance(value, str):
        raise InputError(f"{name} must be text, got {type(value).__name__}")
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{name} holds a lone surrogate at character {error.start}; pass it through "
            "records.message.clean_text first"
        ) from error


def _check_number(name: str, value: float) -> None:
    if not is_finite(value):
        raise InputError(f"{name} must be a finite number, got {value!r:.100}")


def _check_vector(vector: bytes, model: str, entry_id: str) -> None:
    if not model:
        raise InputError(f"the vector of entry {entry_id!r} names no model")
    if not vector or len(vector) % 4:
        raise EmbeddingError(
            f"the vector of entry {entry_id!r} has {len(vector)} bytes; float32 has 4 per number"
        )
    length = math.hypot(*struct.unpack(f"<{dimension(vector)}f", vector))
    if not abs(length - 1.0) <= UNIT_TOLERANCE:
        raise EmbeddingError(
            f"the vector of entry {entry_id!r} has length {length}, it must have length 1"
        )


def _check_unique(kind: str, ids: Sequence[str]) -> None:
    if len(set(ids)) != len(ids):
        twice = next(identifier for identifier in ids if ids.count(identifier) > 1)
        raise InputError(f"{kind} id {twice!r} is given twice in one change")

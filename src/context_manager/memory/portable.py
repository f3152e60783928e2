"""A partition as plain records, one JSON object each, and back: the export format.

Decides what stands in each record. Everything that was said or added is in it with its original
ids, times, order and provenance; words and digests are made anew by the store that reads it. It
opens no file and knows no back end.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, cast

from context_manager.errors import ImportFormatError
from context_manager.memory.drafting import Drafter
from context_manager.memory.erasures import KEYS, Erasures
from context_manager.records import MemoryEntry, Partition, Scope, Trust, Turn
from context_manager.store import Store
from context_manager.store.protocol import EntryDraft, EntryFilter, LedgerDraft, TurnDraft

FORMAT = "context-manager export"
VERSION = 1

PROMPTS = "prompts"
QUOTES = "quotes"
"""Books of recorded prompts: their recipes, and the texts in them that stand nowhere else."""

BOOKS = ("receipts", "tombstones", PROMPTS, QUOTES)
"""Books of the ledger that are exported; the keys that read them go with them."""

Record = Mapping[str, Any]

_OWN_SCOPE = ("session_id", "task_id")
_TURN_FIELDS = ("id", "seq", "timestamp", "token_count", "priority", "metadata")
_ENTRY_FIELDS = tuple(
    field.name
    for field in fields(MemoryEntry)
    if field.name not in ("embedding", "scope", "seq", "turn_id")
)


def partition_records(
    store: Store, erasures: Erasures, partition: Partition, model: str | None = None
) -> Iterator[Record]:
    """Everything of a partition.

    Args:
        store: Where it is.
        erasures: The receipts and tombstones of that store.
        partition: Whose memory.
        model: Fingerprint of the vectors to take along; None for no vectors.
    """
    version = store.version(partition)
    yield {"record": "partition", **partition._asdict(), "change": version.change}
    vectors = _vectors(store, partition, model) if model else {}
    entries = {entry.id: entry for _, entry in store.find(partition, EntryFilter())}
    for scope in store.sessions(partition):
        waiting = {turn.id for turn in store.unconsolidated(scope)}
        for turn in store.turns(scope):
            yield _turn_record(turn, turn.id not in waiting, entries, vectors, model)
    for entry in entries.values():
        if entry.turn_id is None:
            yield {"record": "entry", **_entry_record(entry, vectors, model)}
    for book in BOOKS:
        for line in store.ledger(partition, book):
            yield {"record": "line", "book": book, "name": line.name, "body": line.body}
    for key in erasures.keys(partition):
        yield {"record": "line", "book": KEYS, "name": key.name, "body": key.body}


def partition_of(record: Record) -> Partition:
    """The partition that a record of one names."""
    return Partition(*(str(record[name]) for name in Partition._fields))


def entries_of(record: Record, partition: Partition) -> list[MemoryEntry]:
    """The entries of a turn's or an entry's record.

    Raises:
        ImportFormatError: A field is missing or wrong; names it.
    """
    if record["record"] == "entry":
        return [entry_of(record, partition)]
    found = [entry_of(message, partition) for message in record["messages"]]
    return [replace(entry, turn_id=str(record["id"])) for entry in found]


def entry_of(record: Record, partition: Partition) -> MemoryEntry:
    """The entry of a record of one, or of a message in a turn's record.

    Raises:
        ImportFormatError: A field is missing or wrong; names it.
    """
    try:
        values = {name: record[name] for name in _ENTRY_FIELDS}
        values["trust"] = Trust[str(record["trust"]).upper()]
        values["source_ids"] = tuple(record["source_ids"])
        scope = Scope(*partition, *(record[name] for name in _OWN_SCOPE))
    except (KeyError, TypeError) as error:
        raise ImportFormatError(f"an entry of the export lacks or garbles {error}") from error
    return MemoryEntry(scope=scope, **values)


def turn_draft(
    record: Record, partition: Partition, drafter: Drafter, skip: frozenset[str] = frozenset()
) -> TurnDraft:
    """The draft of a turn, without the messages to be skipped; its metadata go with one of them."""
    entries = entries_of(record, partition)
    kept = [entry for entry in entries if entry.id not in skip]
    values = {name: record[name] for name in _TURN_FIELDS}
    if len(kept) < len(entries):
        values["metadata"] = {}
    turn = replace(Turn("", "", 0, 0.0), **values)
    scope = kept[0].scope if kept else Scope(*partition)
    by_id = _vectors_in(record["messages"])
    return TurnDraft(scope, turn, tuple(_drafted(entry, drafter, by_id) for entry in kept))


def entry_draft(record: Record, partition: Partition, drafter: Drafter) -> EntryDraft:
    """The draft of an entry that belongs to no turn."""
    return _drafted(entry_of(record, partition), drafter, _vectors_in([record]))


def line_draft(record: Record) -> LedgerDraft:
    """The draft of a line of the ledger."""
    return LedgerDraft(record["book"], record["name"], record["body"], replace=True)


def _turn_record(
    turn: Turn,
    consolidated: bool,
    entries: Mapping[str, MemoryEntry],
    vectors: Mapping[str, Sequence[bytes]],
    model: str | None,
) -> Record:
    messages = [entries[message.id] for message in turn.messages if message.id in entries]
    return {
        "record": "turn",
        **{name: getattr(turn, name) for name in _TURN_FIELDS},
        "consolidated": consolidated,
        "messages": [_entry_record(entry, vectors, model) for entry in messages],
    }


def _entry_record(
    entry: MemoryEntry, vectors: Mapping[str, Sequence[bytes]], model: str | None
) -> dict[str, Any]:
    record = {name: getattr(entry, name) for name in _ENTRY_FIELDS}
    record |= {name: getattr(entry.scope, name) for name in _OWN_SCOPE}
    record |= {"trust": entry.trust.name.lower(), "metadata": dict(entry.metadata)}
    known = vectors.get(entry.id)
    if known and model:
        packed = [base64.b85encode(vector).decode() for vector in known]
        record["vectors"] = {"model": model, "data": packed}
    return record


def _drafted(
    entry: MemoryEntry, drafter: Drafter, vectors: Mapping[str, Mapping[str, Any]]
) -> EntryDraft:
    held = vectors.get(entry.id)
    if held is None:
        return drafter.entry(entry)
    data = tuple(base64.b85decode(packed) for packed in held["data"])
    return drafter.entry(entry, data, str(held["model"]))


def _vectors_in(records: Iterable[Record]) -> dict[str, Mapping[str, Any]]:
    return {
        str(record["id"]): cast("Mapping[str, Any]", record["vectors"])
        for record in records
        if "vectors" in record
    }


def _vectors(store: Store, partition: Partition, model: str) -> dict[str, list[bytes]]:
    """The vectors of each entry all of whose passages have one."""
    rows = store.rows(partition, model)
    ids = {row.key: row.id for row in rows.entries}
    found: dict[str, list[bytes | None]] = {}
    for row in rows.passages:
        found.setdefault(ids[row.entry_key], []).append(row.vector)
    whole = {key: [vector for vector in known if vector] for key, known in found.items()}
    return {key: known for key, known in whole.items() if len(known) == len(found[key])}

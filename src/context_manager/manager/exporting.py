"""All memory of a user, or of a whole store, to one file of JSON lines.

Decides that the file shows one state of each partition. Its frame is `memory.export_file`'s, what
a record holds `memory.portable`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from context_manager.memory import export_file
from context_manager.memory.portable import Record, partition_records
from context_manager.memory.transfer import steady
from context_manager.records import Partition

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


@dataclass(frozen=True, slots=True)
class Exported:
    """What `export` wrote.

    Args:
        partitions, turns, entries: How many of each; messages count as entries.
        bytes: Size of the file.
    """

    partitions: int
    turns: int
    entries: int
    bytes: int


def export(cm: ContextManager, path: Path, everybody: bool, vectors: bool) -> Exported:
    """Write the file; see `ContextManager.export`."""
    counts: Counter[str] = Counter()
    partitions = [cm.scope.partition]
    if everybody:
        partitions = cm.archive.store.partitions(ledgers=True)
    records = _records(cm, partitions, cm.model() if vectors else None, counts)
    size = export_file.write(path, records, cm.clock(), cm.archive.erasures.store_id)
    return Exported(counts["partition"], counts["turn"], counts["entry"], size)


def lines(cm: ContextManager) -> Iterator[bytes]:
    """All memory of this user as the lines of an export, one state of it, without the ledger.

    Turns follow one another without gaps: only the ledger could tell what stood in them.

    Raises:
        StoreBusyError: Others write too often.
    """
    cm.require_user()
    records = _steady(cm, cm.scope.partition, None)
    return export_file.lines(_closed_up(records), cm.clock(), cm.archive.erasures.store_id)


def _closed_up(records: Iterable[Record]) -> Iterator[Record]:
    places: Counter[str] = Counter()
    for record in records:
        if record["record"] == "turn" and record["messages"]:
            session = record["messages"][0]["session_id"]
            yield {**record, "seq": places[session]}
            places[session] += 1
        elif record["record"] not in ("turn", "line"):
            yield record


def _records(
    cm: ContextManager, partitions: list[Partition], model: str | None, counts: Counter[str]
) -> Iterator[Record]:
    for partition in partitions:
        for record in _steady(cm, partition, model):
            counts[record["record"]] += 1
            counts["entry"] += len(record.get("messages", ()))
            yield record


def _steady(cm: ContextManager, partition: Partition, model: str | None) -> list[Record]:
    """The records of a partition as it was at one time."""
    store = cm.archive.store
    read = partial(partition_records, store, cm.archive.erasures, partition, model)
    return steady(store, partition, read)

"""Whether a file still holds what was written to it, row by row.

SQLite notices damage to its own structure but not to content, so every row carries a checksum; here
they are all computed anew. This file only reads and reports; `mending` repairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import apsw

from context_manager.records import Partition
from context_manager.store.codec import checksum
from context_manager.store.sqlite.queries import AUDIT
from context_manager.store.upkeep import CHECKED_TABLES, Damage, Verdict

_BINARY = {"entries": (-1,), "turns": (), "passages": (-1,), "vectors": (-1,), "ledger": ()}
"""Which of a row's summed values are bytes and not text, counted from the end."""

_LINKS = {
    "passage_orphans": ("passages", "belongs to no entry"),
    "vector_orphans": ("vectors", "belongs to no passage"),
    "source_orphans": ("sources", "names a source that its entry does not name"),
    "source_gaps": ("sources", "names a source under which it is not found"),
    "empty_turns": ("turns", "has no message"),
    "lost_messages": ("entries", "is a message of no turn"),
    "late_sessions": ("sessions", "would use a seq again"),
    "late_counter": ("counters", "would use a key again"),
    "late_partitions": ("partitions", "is missing or older than its entries"),
}

_WHOLE_FILE = Damage("file", None, "", "")


def verify(connection: apsw.Connection, secret: bytes) -> Verdict:
    """Check structure, indexes, links between rows, and every checksum."""
    found = [*_structure(connection), *_links(connection)]
    rows = 0
    for table in CHECKED_TABLES:
        for _, damage in _rows(connection, table, secret):
            rows += 1
            if damage is not None:
                found.append(damage)
    return Verdict(rows, tuple(found))


def damaged_keys(connection: apsw.Connection, table: str, secret: bytes) -> list[int]:
    """Keys of the rows of a table that fail their checksum."""
    rows = _rows(connection, table, secret)
    return [key for key, damage in rows if damage is not None and key >= 0]


def _structure(connection: apsw.Connection) -> Iterator[Damage]:
    try:
        for (line,) in connection.execute("PRAGMA integrity_check(100)"):
            if line != "ok":
                yield _WHOLE_FILE._replace(problem=str(line))
    except (apsw.CorruptError, apsw.NotADBError) as error:
        yield _WHOLE_FILE._replace(problem=f"cannot be checked: {error}")


def _links(connection: apsw.Connection) -> Iterator[Damage]:
    for name, (table, problem) in _LINKS.items():
        try:
            owners = _partitions(connection)
            for number, identifier in connection.execute(AUDIT[name]):
                yield Damage(table, owners.get(number), str(identifier), problem)
        except (apsw.CorruptError, UnicodeDecodeError) as error:
            yield Damage(table, None, "", f"cannot be checked: {error}")


def _rows(
    connection: apsw.Connection, table: str, secret: bytes
) -> Iterator[tuple[int, Damage | None]]:
    """Key and damage of every row that can be read; key -1 for the end of what can be."""
    key = -1
    try:
        owners = _partitions(connection)
        for row in connection.execute(AUDIT[table], (key,)):
            key = row[0]
            yield key, _damage(table, owners, row, secret)
    except (apsw.CorruptError, UnicodeDecodeError) as error:
        yield -1, Damage(table, None, f"after row {key}", f"cannot be read: {error}")


def _partitions(connection: apsw.Connection) -> Mapping[int, Partition]:
    return {number: Partition(*names) for number, *names in connection.execute(AUDIT["partitions"])}


def _damage(
    table: str, owners: Mapping[int, Partition], row: tuple[Any, ...], secret: bytes
) -> Damage | None:
    _, number, name, *values, held = row
    owner = owners.get(number)
    shown = name.decode("utf-8", "replace") if isinstance(name, bytes) else "?"
    if owner is None:
        return Damage(table, None, shown, f"belongs to the unknown partition {number}")
    try:
        if checksum(secret, owner, *_decoded(table, values)) == held:
            return None
    except (UnicodeDecodeError, TypeError, ValueError) as error:
        return Damage(table, owner, shown, f"holds what cannot be: {error}")
    return Damage(table, owner, shown, "differs from its checksum")


def _decoded(table: str, values: list[Any]) -> Iterator[Any]:
    binary = {len(values) + place for place in _BINARY[table]}
    for place, value in enumerate(values):
        is_text = isinstance(value, bytes) and place not in binary
        yield value.decode() if is_text else value

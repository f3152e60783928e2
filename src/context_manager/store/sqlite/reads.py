"""Everything that is read, each from one connection and one state of the file.

This file decides which statement answers which question; it knows no locks and no transactions.
Every function takes the partition and reads nothing outside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from context_manager.records import MemoryEntry, Partition, Scope, Turn
from context_manager.store.assembly import assemble
from context_manager.store.codec import entry_of, head_of
from context_manager.store.filtering import Condition, conditions
from context_manager.store.intake import metadata_holds
from context_manager.store.protocol import (
    EntryFilter,
    LedgerLine,
    Pending,
    Rows,
    Version,
)
from context_manager.store.sqlite.queries import QUERIES

_NOWHERE = -1
"""Stands for a partition or model that the file does not know; no row has it."""

_METADATA = 3
"""Where a row of key and ENTRY_COLUMNS holds the metadata."""

_HIGHEST = 2**62


def version(connection: apsw.Connection, partition: Partition) -> Version:
    """The present version, by one statement."""
    found = connection.execute(QUERIES["version"], partition).fetchone()
    return Version(*found) if found else Version(0, 0)


def rows(connection: apsw.Connection, partition: Partition, model: str, since: int) -> Rows:
    """Rows changed after ``since``; must run inside a read transaction."""
    number = _number(connection, partition)
    values = {"p": number, "model": _model(connection, model), "since": since}
    if since <= 0:
        entries = connection.execute(QUERIES["entry_rows"], (number,))
        passages = connection.execute(QUERIES["passage_rows"], values)
    else:
        entries = connection.execute(QUERIES["entry_rows_since"], (number, since))
        passages = connection.execute(QUERIES["passage_rows_since"], values)
    return Rows(version(connection, partition), entries, passages)


def entries(
    connection: apsw.Connection, partition: Partition, ids: Sequence[str]
) -> list[MemoryEntry]:
    """The entries with these ids that exist, in the order asked."""
    values = (_number(connection, partition), json.dumps(list(ids)))
    found = {
        entry.id: entry
        for entry in (
            entry_of(partition, row) for row in connection.execute(QUERIES["entries"], values)
        )
    }
    return [found[identifier] for identifier in ids if identifier in found]


def vectors(
    connection: apsw.Connection, partition: Partition, ids: Sequence[str], model: str
) -> dict[str, bytes]:
    """The vector of each entry's first passage."""
    values = {
        "p": _number(connection, partition),
        "ids": json.dumps(list(ids)),
        "model": _model(connection, model),
    }
    found: Iterable[Any] = connection.execute(QUERIES["first_vectors"], values)
    return dict(found)


def find(
    connection: apsw.Connection,
    partition: Partition,
    where: EntryFilter,
    after: int,
    limit: int | None,
) -> list[tuple[int, MemoryEntry]]:
    """Entries that match, oldest first."""
    if limit is not None and limit <= 0:
        return []
    clauses, values = conditions(where, _CONDITIONS, _CONTAINS)
    values |= {"p": _number(connection, partition), "after": after}
    name, order = ("find_among", "+key") if _is_selective(where) else ("find", "key")
    sql = " AND ".join([QUERIES[name], *clauses]) + f" ORDER BY {order}"
    found: list[tuple[int, MemoryEntry]] = []
    for row in connection.execute(sql, values):
        if metadata_holds(row[_METADATA], where.metadata):
            found.append((row[0], entry_of(partition, row[1:])))
            if len(found) == limit:
                break
    return found


def turns(
    connection: apsw.Connection, scope: Scope, after: int, before: int | None, last: int | None
) -> list[Turn]:
    """Turns of one session in order."""
    values = {
        "p": _number(connection, scope.partition),
        "session": scope.session_id,
        "after": after,
        "before": _HIGHEST if before is None else before,
        "last": -1 if last is None else max(last, 0),
    }
    return _turns(connection, scope, values, "turns")


def unconsolidated(connection: apsw.Connection, scope: Scope) -> list[Turn]:
    """Turns of one session that no summary stands for yet, in order."""
    values = {"p": _number(connection, scope.partition), "session": scope.session_id}
    return _turns(connection, scope, values, "unconsolidated")


def sessions(connection: apsw.Connection, partition: Partition) -> list[Scope]:
    """Every session that has a turn, oldest first."""
    found = connection.execute(QUERIES["sessions"], {"p": _number(connection, partition)})
    return [Scope(*partition, session) for (session,) in found]


def pending(
    connection: apsw.Connection, partition: Partition, model: str, limit: int
) -> list[Pending]:
    """Passages without a vector of this model, oldest first."""
    values = {
        "p": _number(connection, partition),
        "model": _model(connection, model),
        "limit": max(limit, 0),
    }
    return list(map(Pending._make, connection.execute(QUERIES["pending"], values)))


def models(connection: apsw.Connection, partition: Partition) -> dict[str, int]:
    """How many vectors of each model the partition holds."""
    found: Iterable[Any] = connection.execute(QUERIES["models"], (_number(connection, partition),))
    return dict(found)


def ledger(
    connection: apsw.Connection,
    partition: Partition,
    book: str,
    names: Sequence[str] | None,
    after: int,
    limit: int | None,
) -> list[LedgerLine]:
    """Lines of a book in the order written."""
    values: dict[str, Any] = {
        "p": _number(connection, partition),
        "book": book,
        "after": after,
        "limit": -1 if limit is None else abs(limit),
    }
    last = limit is not None and limit < 0
    name = "ledger_last" if last else "ledger"
    if names is not None:
        name, values["names"] = "ledger_named", json.dumps(list(names))
        del values["limit"]
    found = sorted(map(LedgerLine._make, connection.execute(QUERIES[name], values)))
    return found if names is None else found[limit:] if last else found[:limit]


def partitions(
    connection: apsw.Connection, tenant_id: str | None, ledgers: bool
) -> list[Partition]:
    """Every partition that holds anything, sorted."""
    rows = connection.execute(QUERIES["partitions"], {"ledgers": ledgers})
    found = map(Partition._make, rows)
    return sorted(item for item in found if tenant_id in (None, item.tenant_id))


def secret(connection: apsw.Connection) -> bytes:
    """The key of the store's hashes."""
    return bytes(next(connection.execute(QUERIES["secret"]))[0])


def _number(connection: apsw.Connection, partition: Partition) -> int:
    found = connection.execute(QUERIES["partition"], partition).fetchone()
    return int(found[0]) if found else _NOWHERE


def _model(connection: apsw.Connection, fingerprint: str) -> int:
    found = connection.execute(QUERIES["model"], (fingerprint,)).fetchone()
    return int(found[0]) if found else _NOWHERE


def _turns(
    connection: apsw.Connection, scope: Scope, values: dict[str, Any], name: str
) -> list[Turn]:
    heads = [head_of(row) for row in connection.execute(QUERIES[name], values)][::-1]
    if not heads:
        return []
    span = {
        "p": values["p"],
        "session": scope.session_id,
        "first": heads[0].seq,
        "last": heads[-1].seq,
    }
    messages = connection.execute(QUERIES["messages"], span)
    return assemble(heads, [entry_of(scope.partition, row) for row in messages])


def _is_selective(where: EntryFilter) -> bool:
    """Whether an index finds what is asked sooner than a walk through all entries by age."""
    kinds = where.kinds is not None and "message" not in where.kinds
    return kinds or any(
        getattr(where, name) is not None
        for name in ("session_id", "turn_id", "source_id", "digest")
    )


_CONDITIONS = {
    "kinds": Condition("kind IN (SELECT value FROM json_each(:kinds))", json.dumps),
    "session_id": Condition("session_id = :session_id"),
    "task_id": Condition("task_id = :task_id"),
    "turn_id": Condition(
        "(session_id, seq) = "
        "(SELECT session_id, seq FROM turns WHERE partition = :p AND id = :turn_id)"
    ),
    "role": Condition("role = :role"),
    "since": Condition("timestamp >= :since", float),
    "until": Condition("timestamp <= :until", float),
    "source_id": Condition(
        "key IN (SELECT entry FROM sources WHERE partition = :p AND source_id = :source_id)"
    ),
    "digest": Condition("digest = :digest AND digest <> x''"),
}

_CONTAINS = "instr(metadata, :{})"

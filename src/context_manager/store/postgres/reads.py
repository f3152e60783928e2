"""Everything that is read, each from one connection and one state of the database.

This file decides which statement answers which question; it knows no pool and no transactions.
Every function takes a reader, which names the partition in every statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from context_manager.records import MemoryEntry, Partition, Scope, Turn
from context_manager.store.assembly import assemble
from context_manager.store.codec import entry_of, head_of
from context_manager.store.filtering import Condition, conditions
from context_manager.store.intake import metadata_holds
from context_manager.store.postgres.connections import Connection
from context_manager.store.postgres.queries import QUERIES
from context_manager.store.postgres.transaction import Place
from context_manager.store.protocol import (
    EntryFilter,
    LedgerLine,
    Pending,
    Rows,
    Version,
)
from context_manager.store.upkeep import Facts

_METADATA = 3
"""Where a row of key and ENTRY_COLUMNS holds the metadata."""

_HIGHEST = 2**62


class Reader:
    """Asks about one partition; use inside one transaction.

    Args:
        connection: In a transaction that has entered the place.
        place: Whose memory.
    """

    def __init__(self, connection: Connection, place: Place) -> None:
        self.connection = connection
        self._values = place.values
        self.partition = place.partition

    def ask(self, name: str, **values: Any) -> psycopg.Cursor[Any]:
        """The answer to a statement of this name."""
        return self.ask_sql(QUERIES[name], values)

    def ask_sql(self, sql: str, values: dict[str, Any]) -> psycopg.Cursor[Any]:
        """The answer to a statement made of those in `QUERIES`."""
        return self.connection.execute(sql, {**self._values, **values}, binary=True)


def version(reader: Reader) -> Version:
    """The present version."""
    found = reader.ask("version").fetchone()
    return Version(*found) if found else Version(0, 0)


def rows(reader: Reader, model: str, since: int) -> Rows:
    """Rows changed after ``since``."""
    later = "_since" if since > 0 else ""
    entries = reader.ask(f"entry_rows{later}", since=since)
    passages = reader.ask(f"passage_rows{later}", since=since, model=model)
    return Rows(version(reader), entries, passages)


def entries(reader: Reader, ids: Sequence[str]) -> list[MemoryEntry]:
    """The entries with these ids that exist, in the order asked."""
    found = {
        row[0]: entry_of(reader.partition, row) for row in reader.ask("entries", ids=list(ids))
    }
    return [found[identifier] for identifier in ids if identifier in found]


def vectors(reader: Reader, ids: Sequence[str], model: str) -> dict[str, bytes]:
    """The vector of each entry's first passage."""
    return dict(reader.ask("first_vectors", ids=list(ids), model=model))


def find(
    reader: Reader, where: EntryFilter, after: int, limit: int | None
) -> list[tuple[int, MemoryEntry]]:
    """Entries that match, oldest first."""
    if limit is not None and limit <= 0:
        return []
    clauses, values = conditions(where, _CONDITIONS, _CONTAINS)
    sql = " AND ".join([QUERIES["find"], *clauses]) + " ORDER BY key LIMIT %(limit)s"
    # Whether metadata are equal as JSON is known only here, after SQL has let too much through.
    values |= {"after": after, "limit": None if where.metadata else limit}
    found = [
        (row[0], entry_of(reader.partition, row[1:]))
        for row in reader.ask_sql(sql, values)
        if metadata_holds(row[_METADATA], where.metadata)
    ]
    return found[:limit]


def turns(
    reader: Reader, session: str, after: int, before: int | None, last: int | None
) -> list[Turn]:
    """Turns of one session in order."""
    values = {
        "after": after,
        "before": _HIGHEST if before is None else before,
        "last": None if last is None else max(last, 0),
    }
    return _turns(reader, session, "turns", values)


def unconsolidated(reader: Reader, session: str) -> list[Turn]:
    """Turns of one session that no summary stands for yet, in order."""
    return _turns(reader, session, "unconsolidated", {})


def sessions(reader: Reader) -> list[Scope]:
    """Every session that has a turn, oldest first."""
    return [Scope(*reader.partition, session) for (session,) in reader.ask("sessions")]


def pending(reader: Reader, model: str, limit: int) -> list[Pending]:
    """Passages without a vector of this model, oldest first."""
    return list(map(Pending._make, reader.ask("pending", model=model, limit=max(limit, 0))))


def models(reader: Reader) -> dict[str, int]:
    """How many vectors of each model the partition holds."""
    return dict(reader.ask("models"))


def ledger(
    reader: Reader, book: str, names: Sequence[str] | None, after: int, limit: int | None
) -> list[LedgerLine]:
    """Lines of a book in the order written."""
    last = limit is not None and limit < 0
    values: dict[str, Any] = {"book": book, "after": after}
    if names is not None:
        found = reader.ask("ledger_named", names=list(names), **values)
    else:
        most = None if limit is None else abs(limit)
        found = reader.ask("ledger_last" if last else "ledger", limit=most, **values)
    lines = sorted(map(LedgerLine._make, found))
    return lines[limit:] if last else lines[:limit]


def partitions(reader: Reader, tenant_id: str | None, ledgers: bool) -> list[Partition]:
    """Every partition that holds anything, sorted."""
    found = reader.ask_sql(QUERIES["partitions"], {"tenant": tenant_id, "ledgers": ledgers})
    return sorted(map(Partition._make, found))


def facts(reader: Reader, durability: str) -> Facts:
    """What can be told of the store at a glance."""
    found = reader.ask("facts").fetchone() or ("?", 0, 0)
    version, step, size = found
    return Facts(f"PostgreSQL {version}", durability, step, size, log_bytes=0, scrub_due=False)


def walled(reader: Reader) -> bool:
    """Whether row-level security binds the role that is used."""
    return reader.ask("walled").fetchone() == (True,)


def _turns(reader: Reader, session: str, name: str, values: dict[str, Any]) -> list[Turn]:
    heads = [head_of(row) for row in reader.ask(name, session=session, **values)][::-1]
    if not heads:
        return []
    messages = reader.ask("messages", session=session, first=heads[0].seq, final=heads[-1].seq)
    return assemble(heads, [entry_of(reader.partition, row) for row in messages])


_CONDITIONS = {
    "kinds": Condition("kind = ANY(%(kinds)s::text[])", list),
    "session_id": Condition("session_id = %(session_id)s"),
    "task_id": Condition("task_id = %(task_id)s"),
    "turn_id": Condition(
        "(session_id, seq) = (SELECT t.session_id, t.seq FROM turns AS t"
        " WHERE t.tenant_id = entries.tenant_id AND t.part = entries.part"
        " AND t.id = %(turn_id)s)"
    ),
    "role": Condition("role = %(role)s"),
    "since": Condition("timestamp >= %(since)s", float),
    "until": Condition("timestamp <= %(until)s", float),
    "source_id": Condition(
        "key IN (SELECT s.entry FROM sources AS s"
        " WHERE s.tenant_id = entries.tenant_id AND s.part = entries.part"
        " AND s.source_id = %(source_id)s)"
    ),
    "digest": Condition("digest = %(digest)s AND digest <> ''"),
}

_CONTAINS = "strpos(metadata, %({})s) > 0"

"""The SQL of this back end by name, and the numbered steps of `schema/`."""

from __future__ import annotations

from context_manager.store.codec import ENTRY_COLUMNS
from context_manager.store.statements import load_numbered, load_statements

_PART = (
    "(SELECT part FROM partitions"
    " WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND agent_id = %(agent)s)"
)

_FORK = (
    "(CASE WHEN pg_is_in_recovery() THEN %(fork)s::bigint ELSE"
    " (('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint - 1) << 32 END)"
)
"""Grows when a standby became the primary, 0 before. Such a server may lack the last changes of the
one it stands in for, so that versions return: added to every epoch, it makes all readers read anew.
A standby is told what its primary adds.
"""

_BLANKS = {
    "{fork}": _FORK,
    "{columns}": ", ".join(ENTRY_COLUMNS),
    "{marks}": ", ".join(["%s"] * len(ENTRY_COLUMNS)),
    "{model}": (
        "(SELECT id FROM models"
        " WHERE tenant_id = %(tenant)s AND part = {part} AND fingerprint = %(model)s)"
    ),
    "{part}": _PART,
}


def load_steps() -> list[tuple[int, str]]:
    """Numbers and SQL of every schema step."""
    return load_numbered(__package__)


QUERIES = load_statements(__package__, "queries.sql", _BLANKS)
"""What reads and writes memory."""

QUEUE = load_statements(
    __package__, "queue.sql", {"{now}": "extract(epoch FROM clock_timestamp())::double precision"}
)
"""What keeps the jobs."""

AUDIT = load_statements(__package__, "audit.sql", _BLANKS)
"""What verifies."""

MOVING = load_statements(__package__, "moving.sql", _BLANKS)
"""What moves all memory from store to store."""

FINDING = load_statements(__package__, "finding.sql", {})
"""What finds candidates; some have blanks that are filled when they run."""

STATEMENTS = {**QUERIES, **MOVING}
"""What may run inside a write."""

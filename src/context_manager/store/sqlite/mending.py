"""How a damaged file is mended from what is left of it, without dropping content.

This file decides what is derived and may be made anew: indexes, the table of sources, counters, and
vectors (their passages become pending again). Damaged content stays where it is, by name.
"""

from __future__ import annotations

import apsw

from context_manager.store.probe import Probe
from context_manager.store.sqlite.auditing import damaged_keys, verify
from context_manager.store.sqlite.queries import AUDIT
from context_manager.store.sqlite.transaction import committing
from context_manager.store.upkeep import Repaired

_ORPHANS = ("drop_passage_orphans", "drop_vector_orphans", "drop_empty_turns")
_REBUILDING = (
    "clear_sources",
    "rebuild_sources",
    "mend_counter",
    "mend_sessions",
    "mend_versions",
)


def repair(connection: apsw.Connection, secret: bytes, probe: Probe) -> Repaired:
    """Rebuild the indexes, mend the rest in one transaction, then verify the file again."""
    probe("reindex")
    try:
        connection.execute("REINDEX")
    except apsw.CorruptError:
        _make_indexes_anew(connection, probe)
    with committing(connection, probe):
        bad = damaged_keys(connection, "vectors", secret)
        connection.executemany(AUDIT["drop_vector"], [(key,) for key in bad])
        orphans = 0
        for name in _ORPHANS:
            probe(name)
            connection.execute(AUDIT[name])
            orphans += connection.changes()
        for name in _REBUILDING:
            probe(name)
            connection.execute(AUDIT[name])
    return Repaired(len(bad), orphans, verify(connection, secret).damages)


def _make_indexes_anew(connection: apsw.Connection, probe: Probe) -> None:
    """Forget indexes whose pages cannot even be freed, make them of the rows, reclaim the pages."""
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    try:
        with committing(connection, probe):
            statements = [sql for (sql,) in connection.execute(AUDIT["indexes"])]
            connection.pragma("writable_schema", True)
            connection.execute(AUDIT["forget_indexes"])
            connection.execute("PRAGMA writable_schema = RESET")
            for sql in statements:
                connection.execute(sql)
        probe("vacuum")
        connection.execute("VACUUM")
    finally:
        connection.pragma("writable_schema", False)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)

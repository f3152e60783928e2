"""The script that prepares the database makes a role that is no superuser, and a store works."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from context_manager.store.postgres import PostgresStore
from context_manager.store.protocol import Change
from context_manager.testing.store_contract import HERE, note
from support.postgres import binaries, server
from support.served import PATIENCE

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgres" / "role.sh"


@pytest.fixture
def prepared():
    """The address of the database that the script has made on a real server."""
    variables = {
        **os.environ,
        "PATH": f"{binaries()}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server().port),
        "CONTEXT_MANAGER_DB_PASSWORD": 'it\'s a "word" $of its own',
    }
    done = subprocess.run(
        [SCRIPT], env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    yield server().dsn("context_manager", "context_manager")
    with server().superuser("postgres") as connection:
        connection.execute("DROP DATABASE context_manager WITH (FORCE)")
        connection.execute("DROP ROLE context_manager")


def test_memory_is_kept_by_a_role_that_row_level_security_binds(prepared):
    store = PostgresStore(prepared)
    store.apply(HERE, Change(entries=(note("n"),)))
    assert [entry.id for entry in store.entries(HERE, ["n"])] == ["n"]
    store.close()
    with psycopg.connect(prepared) as connection:
        found = connection.execute(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert found == (False, False)

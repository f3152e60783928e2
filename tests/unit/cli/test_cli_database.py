"""The commands on a store in a database: one address in the place of a file."""

from __future__ import annotations

import pytest

from context_manager.cli.invocation import DB_VARIABLE, Surroundings
from context_manager.cli.program import outcome
from support.postgres import database_for, server
from support.program import open_fast


@pytest.fixture
def run(tmp_path, capsys):
    """Runs the program on a database that the environment names; gives what it printed."""
    address = database_for(tmp_path).replace("@", ":a-word-of-its-own@")
    surroundings = Surroundings(open_fast, {DB_VARIABLE: address})

    def run(*arguments, code=0):
        capsys.readouterr()
        assert outcome(list(arguments), surroundings) == code
        printed = "".join(capsys.readouterr())
        assert "a-word-of-its-own" not in printed
        return printed

    return run


def test_memory_in_a_database_is_filled_asked_and_forgotten(run):
    run("prepare")
    run("prepare")
    run("add", "The ferry leaves from the northern pier.")
    assert "northern pier" in run("context", "Where does the ferry leave?")
    assert "northern pier" in run("query", "ferry", "--json")
    assert "postgresql://127.0.0.1" in run("stats")
    assert '"store_bytes": null' in run("stats", "--json")
    run("worker", "--once")
    forgotten = run("forget", "--all", "--yes")
    assert "1 memory" in forgotten
    assert "not overwritten yet" in forgotten  # a database frees rows when it sees fit
    assert "northern pier" not in run("query", "ferry", "--json")


def test_what_needs_a_file_says_so(run, tmp_path):
    assert "tools of its database" in run("restore", __file__, code=2)
    assert "pg_dump" in run("backup", str(tmp_path / "copy.db"), code=2)
    assert "REINDEX" in run("repair", code=2)


def test_the_health_of_a_database_is_told(run):
    run("add", "The ferry leaves from the northern pier.")
    run("reembed")
    assert "0 damaged" in run("verify")
    assert '"level": "fault"' not in run("doctor", "--json")


def test_options_stand_in_the_address(run):
    run("--db", f"{server().dsn()}?schema=of_the_cli&hash_partitions=1", "prepare")
    assert "its own are schema" in run("--db", f"{server().dsn()}?pool=1", "stats", code=2)

"""`worker`: does what services leave, says that it is well, and ends when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from context_manager.cli.invocation import DB_VARIABLE, Surroundings
from context_manager.cli.program import outcome
from support.program import open_fast


def test_what_a_service_left_is_done(program, db):
    with open_fast(db) as cm:
        cm.config.background = "workers"
        cm.observe("The spare key lies under the third pot.", "I will not tell.")
    done = program("worker", "--once", "--json")
    assert (done.code, done.data["jobs"] >= 1) == (0, True)
    with open_fast(db) as cm:
        assert cm.archive.store.pending(cm.scope.partition, cm.model(), 1) == []
    assert "0 jobs done" in program("worker", "--once").out


def test_where_background_work_is_left_must_be_a_place(db, capsys):
    variables = {DB_VARIABLE: str(db), "CONTEXT_MANAGER_BACKGROUND": "elsewhere"}
    assert outcome(["serve", "--port", "0"], Surroundings(open_fast, variables)) == 2
    assert "background must be one of here, workers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("named", "words"), [("pgvector", "open postgresql://"), ("elsewhere", "known: faiss, numpy")]
)
@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["worker", "--once"]])
def test_what_cannot_search_here_is_refused_at_the_start(db, capsys, command, named, words):
    variables = {DB_VARIABLE: str(db), "CONTEXT_MANAGER_VECTOR_STORE": named}
    assert outcome(command, Surroundings(open_fast, variables)) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_worker_says_that_it_is_well_and_ends_when_told_to(tmp_path):
    alive = tmp_path / "alive"
    command = [sys.executable, "-m", "context_manager", "--db", str(tmp_path / "store.db")]
    process = subprocess.Popen(
        [*command, "worker", "--alive", str(alive)],
        env={**os.environ},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not alive.exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert "working on" in process.communicate()[1]

"""Files of every schema there was open in this version, with all that they hold.

`schemas/` holds one small store of each schema as SQL text, written by the version of that schema
(by `support.schema_fixture`; of schema 1, which was never in use by itself, conversations only).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from context_manager.errors import SchemaError
from context_manager.records import Partition
from context_manager.records.message import clean_text
from context_manager.store.probe import crash_at, silent
from context_manager.store.sqlite import SQLiteStore, schema
from context_manager.store.sqlite.queries import load_steps
from support.killing import KILLED, outcome
from support.schema_fixture import (
    FORGOTTEN,
    METADATA,
    OTHER,
    PINNED,
    SAID,
    dumped,
    fill,
    manager,
    restored,
)

FOLDER = Path(__file__).parent / "schemas"
STEPS = load_steps()
LATEST = STEPS[-1][0]
NUMBERS = sorted(int(file.stem) for file in FOLDER.glob("*.sql"))
POINTS = [
    (number, f"migrate_{step}{phase}")
    for number in NUMBERS
    for step, _ in STEPS[number:]
    for phase in ("", "_commit", "_committed")
]


@pytest.fixture
def old(tmp_path: Path, number: int) -> Path:
    """A store of the schema of this number."""
    path = tmp_path / "memory.db"
    restored((FOLDER / f"{number:04}.sql").read_text(), path)
    return path


def _check(path: Path, number: int) -> None:
    """Everything the file held is there, and it works like a new one."""
    store = SQLiteStore(path)
    assert store.facts().schema == LATEST
    assert store.verify().damages == ()
    assert len(store.partitions()) == 2
    store.close()
    with manager(path) as cm:
        turns = cm.archive.store.turns(cm.scope)
        said = [(clean_text(user), clean_text(assistant)) for user, assistant in SAID]
        told = [(turn.user_input, turn.assistant_response) for turn in turns]
        assert told == [*said, ("This has no vector yet.", "")]
        assert [turn.metadata for turn in turns[:-1]] == [METADATA] * len(SAID)
        bob = cm.scoped(user_id="bob", session_id="évening")
        assert [turn.user_input for turn in bob.archive.store.turns(bob.scope)] == [OTHER]
        prompt = cm.build_context("Where do I live?")
        assert "Aberdeen" in prompt
        assert OTHER not in prompt
        assert FORGOTTEN not in prompt
        assert cm.search("vector")[0].entry.text == "This has no vector yet."
        if number > 1:
            _check_what_came_with_the_ledger(cm, prompt)
        turn = cm.observe("I moved to Oban.", "By the sea!")
        assert "Oban" in cm.build_context("Where do I live?")
        cm.forget(turn.id)
        assert "Oban" not in cm.build_context("Where do I live?")


def _check_what_came_with_the_ledger(cm, prompt: str) -> None:
    assert PINNED in prompt
    assert [fact.text for fact in cm.facts()] == ["The user lives in Aberdeen."]
    assert len(cm.receipts()) == 1
    ((name, _), *_) = cm.recorded()
    assert PINNED in cm.replay(name).text


def test_every_schema_has_a_file() -> None:
    """For a new one: python tests/support/schema_fixture.py > tests/migration/schemas/NUMBER.sql"""
    assert [number for number, _ in STEPS] == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_a_file_of_each_schema_opens_with_all_it_holds(old: Path, number: int) -> None:
    _check(old, number)


@pytest.mark.parametrize(("number", "point"), POINTS)
def test_a_migration_killed_anywhere_ends_when_it_is_opened_again(
    old: Path, number: int, point: str
) -> None:
    assert outcome(_migrate, str(old), point) == KILLED
    _check(old, number)


def _migrate(path: str, point: str) -> None:
    connection = apsw.Connection(path)
    schema.prepare(connection, path, crash_at(point))


@pytest.mark.parametrize(("older", "number"), list(pairwise(NUMBERS)))
def test_the_version_before_refuses_it_for_writing(old: Path, older: int, number: int) -> None:
    before = old.read_bytes()
    connection = apsw.Connection(str(old))
    with pytest.raises(SchemaError, match=f"has schema {number}, this version knows {older}"):
        schema.prepare(connection, str(old), silent, STEPS[:older])
    connection.close()
    assert old.read_bytes() == before


@pytest.mark.parametrize("number", NUMBERS[:-1])
def test_the_file_as_it_was_is_kept_beside_it(old: Path, number: int) -> None:
    SQLiteStore(old).close()
    kept = apsw.Connection(f"{old}.schema-{number}")
    assert schema.user_version(kept) == number
    kept.close()


def test_a_store_survives_being_written_as_text(tmp_path: Path) -> None:
    """What the files were made with loses nothing."""
    fill(tmp_path / "memory.db")
    restored("\n".join(dumped(tmp_path / "memory.db")), tmp_path / "again.db")
    stores = [SQLiteStore(tmp_path / name) for name in ("memory.db", "again.db")]
    home = Partition("default", "default", "default")
    first, second = (store.rows(home, "hash:8:1") for store in stores)
    assert first == second
    assert stores[1].verify().damages == ()
    for store in stores:
        store.close()

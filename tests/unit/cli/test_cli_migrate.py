"""`migrate` copies a store to another and says what it did."""

from __future__ import annotations

import json
from pathlib import Path

from support.program import Program


def test_a_store_is_copied_and_the_copy_answers(
    program: Program, chat: Path, tmp_path: Path, db: Path
) -> None:
    program("import", chat)
    copied = program("migrate", f"sqlite:///{db}", tmp_path / "copy.db", "--json")
    told = json.loads(copied.out)
    assert (copied.code, told["copied"], told["already"]) == (0, 1, 0)
    again = program("migrate", db, tmp_path / "copy.db")
    assert "0 partitions copied, 1 there already" in again.out
    assert told["digest"] in again.out
    found = program("--db", tmp_path / "copy.db", "list", "--json")
    assert "Friday" in found.out


def test_a_store_that_is_not_there_is_not_made(program: Program, tmp_path: Path) -> None:
    missing = program("migrate", tmp_path / "none.db", tmp_path / "copy.db")
    assert missing.code != 0
    assert "none.db" in missing.err
    assert not (tmp_path / "copy.db").exists()


def test_a_store_is_not_copied_onto_itself(program: Program, chat: Path, db: Path) -> None:
    program("import", chat)
    refused = program("migrate", db, f"sqlite:///{db}")
    assert refused.code == 2
    assert "the same store" in refused.err


def test_an_address_of_an_unknown_kind_is_named_without_its_password(
    program: Program, chat: Path, db: Path
) -> None:
    program("import", chat)
    refused = program("migrate", db, "mysql://ada:hazelnut@localhost/memory")
    assert refused.code == 2
    assert "'mysql'" in refused.err
    assert "postgresql" in refused.err
    assert "hazelnut" not in refused.err

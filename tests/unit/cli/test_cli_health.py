"""`doctor`, `verify`, `repair`, `backup`, `restore`, `export`, `expand`, `replay`, `revert`, ..."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.testing.embedders import HashEmbedder
from support.program import Program


def filled(db: Path, **settings: object) -> list[str]:
    """A store of one user; ids of its turns."""
    config = Config(memory=MemoryConfig(stm_capacity=60, chunk_size=30), **settings)  # type: ignore[arg-type]
    with ContextManager.open(db, config) as cm:
        cm.embedding_provider = HashEmbedder()
        turns = [cm.observe(f"Fruit {n} is a plum{n}x", "Noted") for n in range(12)]
        cm.ingest_text("Acme is best", source="/web/acme.html")
        cm.build("plum3x?")
        cm.archive.embed_pending(cm.scope.partition)
    return [turn.id for turn in turns]


def test_the_doctor_names_risks_and_what_mends_them(program: Program, db: Path) -> None:
    filled(db)
    program("add", "my key is AKIAIOSFODNN7EXAMPLE")
    ended = program("doctor")
    assert ended.code == 0
    assert "1 aws-key" in ended.out
    assert "→ context-manager forget mem_" in ended.out
    assert "AKIA" not in ended.out
    found = program("doctor", "--json").data
    assert {"level", "name", "what", "mend"} == set(found[0])
    assert "secrets" not in {item["name"] for item in program("doctor", "--quick", "--json").data}


def test_damage_is_told_by_the_exit_code(program: Program, db: Path) -> None:
    filled(db)
    assert program("verify").code == 0
    db.write_bytes(db.read_bytes().replace(b"Fruit 7 is", b"Fruit 9 is"))
    verified = program("verify", "--json")
    assert verified.code == 6
    assert {item["table"] for item in verified.data["damages"]} == {"entries"}
    assert program("doctor").code == 6
    assert program("repair").code == 6, "what was said cannot be made up"


def test_a_backup_is_restored_without_what_was_forgotten_since(
    program: Program, db: Path, tmp_path: Path
) -> None:
    turns = filled(db)
    copy = tmp_path / "copy.db"
    assert program("backup", copy).code == 0
    program("forget", turns[3], "--yes")
    ended = program("restore", copy)
    assert ended.code == 0
    assert "forgotten since the backup, and not restored: 2 memories" in ended.out
    assert "before-restore-1" in ended.out
    assert "plum3x" not in program("list", "-n", "100").out
    assert "plum4x" in program("list", "-n", "100").out


def test_an_export_is_restored_into_another_store(
    program: Program, db: Path, tmp_path: Path
) -> None:
    filled(db)
    file = tmp_path / "all.jsonl"
    told = program("export", file, "--everybody", "--json").data
    assert told["turns"] == 12
    other = ("--db", tmp_path / "other.db")
    ended = program("restore", file, *other)
    assert ended.code == 0
    assert f"{told['entries']} memories added" in ended.out
    assert "plum4x" in program("query", "plum4x", *other).out
    assert program("restore", file, "--honour", file, *other).code == 2
    assert program("restore", tmp_path / "nothing.jsonl").code == 3


@pytest.mark.parametrize("content", [b"", b"\x07" * 4096], ids=["empty", "random"])
def test_what_is_no_backup_is_called_so(program: Program, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    ended = program("restore", file)
    assert ended.code == 2
    assert "neither an export nor a backup" in ended.err


def test_summaries_can_be_expanded(program: Program, db: Path) -> None:
    filled(db)
    (first, *_) = program("list", "--kind", "summary", "--json").data
    sources = program("expand", first["id"], "--json").data
    assert [entry["id"] for entry in sources] == first["source_ids"]
    assert program("expand", first["id"]).code == 0


def test_recorded_prompts_are_listed_and_replayed(program: Program, db: Path) -> None:
    filled(db, record=True)
    (item,) = program("replay", "--json").data
    assert item["id"] in program("replay").out
    assert program("replay", item["id"]).out.rstrip().endswith("Current user input: plum3x?")
    assert "why" in program("replay", item["id"], "--explain").out
    assert program("replay", "ctx_unknown").code == 3


def test_a_source_is_reverted_and_receipts_are_listed(program: Program, db: Path) -> None:
    filled(db)
    assert program("revert", "--source", "/web").code == 2, "it must be confirmed"
    assert program("revert", "--yes").code == 2
    assert program("revert", "--source", "/web", "--yes", "--json").data["entries"] == 1
    assert "Acme" not in program("list", "-n", "100").out
    (receipt,) = program("receipts", "--json").data
    assert (receipt["asked"], receipt["genuine"]) == ("revert", True)
    assert "1 receipt" in program("receipts").out


def test_sweeping_and_embedding_anew(program: Program, db: Path) -> None:
    filled(db)
    assert program("sweep").out.strip() == "0 memories forgotten"
    assert program("reembed").out.strip() == "0 passages embedded"
    assert json.loads(program("reembed", "--json").out) == {"passages": 0}


@pytest.mark.parametrize("command", ["doctor", "verify", "repair", "reembed", "sweep", "receipts"])
def test_without_a_store_each_says_so(program: Program, command: str) -> None:
    ended = program(command)
    assert ended.code == 3
    assert "there is no store" in ended.err

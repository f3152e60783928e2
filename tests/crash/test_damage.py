"""Damage is found, named and contained; nothing is ever deleted because of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from context_manager.errors import CorruptStoreError
from context_manager.records import Scope
from context_manager.store.protocol import Change, EntryFilter, LedgerDraft
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import MODEL, exchange, note, vector
from support.workload import HOME

HERE = HOME.partition
OTHER = Scope("acme", "bob", "helper")
COUNT = 60
WORDS = b"the words of a passage"
"""To the store they are bytes; these stand nowhere else in the file."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed store with entries, turns, vectors, sources and a ledger of two partitions."""
    made = tmp_path / "memory.db"
    store = SQLiteStore(made, durability="normal")
    for number in range(COUNT):
        draft = note(f"n{number}", f"the text of number {number}", source_ids=("t0.0",))
        passages = tuple(replace(passage, words=WORDS) for passage in draft.passages)
        full = draft.__class__(draft.entry, passages, (vector(number + 1, 1, 1),), MODEL, b"digest")
        turns = (exchange(f"t{number}", f"question {number}", "answer"),)
        lines = (LedgerDraft("b", f"line {number}", "body of a line"),)
        store.apply(HERE, Change(turns=turns, entries=(full,), ledger=lines))
    store.apply(OTHER.partition, Change(entries=(note("of bob", scope=OTHER),)))
    assert store.verify().damages == ()
    store.close()
    return made


def _flip(path: Path, at: int, chance: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= chance.randrange(1, 256)
    path.write_bytes(raw)


def _places(path: Path, what: bytes) -> list[int]:
    raw, found, at = path.read_bytes(), [], -1
    while (at := raw.find(what, at + 1)) >= 0:
        found.append(at)
    return found


@pytest.mark.parametrize(
    ("needle", "table"),
    [
        (b"the text of number", "entries"),
        (b'["t0.0"]', "entries"),
        (b"body of a line", "ledger"),
        (b'{"n":1}', "turns"),
        (vector(7, 1, 1), "vectors"),
        (WORDS, "passages"),
    ],
)
def test_a_flipped_byte_of_content_is_found_and_its_row_named(
    path: Path, needle: bytes, table: str, seed: int
) -> None:
    """Every one of the flips, one at a time; SQLite's own check notices none of them."""
    chance = random.Random(seed)
    whole = path.read_bytes()
    for at in chance.sample(places := _places(path, needle), min(8, len(places))):
        _flip(path, at + chance.randrange(len(needle)), chance)
        store = SQLiteStore(path, durability="normal")
        named = [damage for damage in store.verify() if damage.table == table]
        store.close()
        assert [damage.partition for damage in named] == [HERE]
        assert named[0].id
        assert "checksum" in named[0].problem or "cannot be" in named[0].problem
        path.write_bytes(whole)


@pytest.mark.soak
def test_flips_anywhere_never_go_unnoticed_where_they_matter(path: Path, seed: int) -> None:
    """A file with one random byte flipped reads as before, or is reported; it never lies."""
    chance = random.Random(seed)
    whole, before = path.read_bytes(), _content(path)
    for _ in range(500):
        _flip(path, chance.randrange(len(whole)), chance)
        try:
            store = SQLiteStore(path, durability="normal")
            sound = bool(store.verify())
            store.close()
            unchanged = not sound or _content(path) == before
        except Exception as error:  # noqa: BLE001 - any refusal is a report; a wrong kind is not
            assert "memory.db" in str(error) or isinstance(error, CorruptStoreError)  # noqa: PT017
            unchanged = True
        assert unchanged
        for leftover in path.parent.glob("memory.db-*"):
            leftover.unlink()
        path.write_bytes(whole)


def _content(path: Path) -> list[object]:
    store = SQLiteStore(path, durability="normal")
    found = [
        store.find(HERE, EntryFilter()),
        store.turns(HOME),
        [row.vector for row in store.rows(HERE, MODEL).passages],
        store.ledger(HERE, "b"),
    ]
    store.close()
    return found


def test_a_row_moved_to_another_partition_is_found(path: Path) -> None:
    _tamper(path, "UPDATE entries SET partition = 2 WHERE id = 'n5'")
    store = SQLiteStore(path)
    assert "n5" in {damage.id for damage in store.verify() if damage.table == "entries"}
    store.close()


def test_exchanged_texts_are_found(path: Path) -> None:
    """Two rows whose texts changed places hold valid text, and not their own."""
    _tamper(
        path,
        "UPDATE entries SET text = (SELECT text FROM entries WHERE id = 'n6') WHERE id = 'n5'",
    )
    store = SQLiteStore(path)
    assert [damage.id for damage in store.verify()] == ["n5"]
    store.close()


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("DELETE FROM passages WHERE entry = (SELECT key FROM entries WHERE id = 'n5')", "vectors"),
        ("DELETE FROM entries WHERE id = 'n5'", "passages"),
        ("DELETE FROM entries WHERE id = 't5.0' OR id = 't5.1'", "turns"),
        ("DELETE FROM turns WHERE id = 't5'", "entries"),
        ("DELETE FROM sources", "sources"),
        ("INSERT INTO sources VALUES (1, 'x', 1)", "sources"),
        ("DELETE FROM sessions", "sessions"),
        ("UPDATE counters SET value = 3 WHERE name = 'next_key'", "counters"),
        ("UPDATE partitions SET change = 0", "partitions"),
        ("DELETE FROM partitions", "partitions"),
    ],
)
def test_a_broken_link_is_found(path: Path, sql: str, table: str) -> None:
    _tamper(path, sql)
    store = SQLiteStore(path)
    assert table in {damage.table for damage in store.verify()}
    store.close()


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM sources",
        "DELETE FROM sessions",
        "UPDATE counters SET value = 3 WHERE name = 'next_key'",
        "UPDATE partitions SET change = 0",
        "UPDATE vectors SET data = zeroblob(12) WHERE ordinal = 0 AND entry % 2",
        "DELETE FROM entries WHERE id = 'n5'",
        "DELETE FROM entries WHERE id = 't5.0' OR id = 't5.1'",
    ],
)
def test_what_is_derived_is_repaired(path: Path, sql: str) -> None:
    _tamper(path, sql)
    store = SQLiteStore(path)
    assert not store.verify()
    assert store.repair().remaining == ()
    assert store.verify().damages == ()
    assert len(store.turns(HOME)) >= COUNT - 1
    assert store.apply(HERE, Change(turns=(exchange("next", "x"),))).seqs == (COUNT,)
    assert len(store.find(HERE, EntryFilter(source_id="t0.0"))) >= COUNT - 1
    store.close()


def test_damaged_vectors_become_pending(path: Path) -> None:
    _tamper(path, "UPDATE vectors SET data = zeroblob(12) WHERE key <= 3")
    store = SQLiteStore(path)
    before = len(store.pending(HERE, MODEL, 1000))
    assert store.repair().vectors == 3
    assert len(store.pending(HERE, MODEL, 1000)) == before + 3
    store.close()


def test_damaged_content_is_named_and_never_dropped(path: Path) -> None:
    _tamper(path, "UPDATE entries SET text = 'another text' WHERE id = 'n5'")
    store = SQLiteStore(path)
    assert [damage.id for damage in store.repair().remaining] == ["n5"]
    assert store.entries(HERE, ["n5"])[0].text == "another text"
    store.close()


def test_a_damaged_index_is_rebuilt_from_the_rows(path: Path, seed: int) -> None:
    """Every page of an index overwritten: reported, then repaired, and all is found as before."""
    before = _content(path)
    connection = apsw.Connection(str(path))
    sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'entries_by_id'"
    root = next(connection.execute(sql))[0]
    size = connection.pragma("page_size")
    connection.close()
    raw = bytearray(path.read_bytes())
    start = (root - 1) * size + 200
    raw[start : root * size] = random.Random(seed).randbytes(root * size - start)
    path.write_bytes(raw)
    store = SQLiteStore(path)
    assert "file" in {damage.table for damage in store.verify()}
    assert store.repair().remaining == ()
    store.close()
    assert _content(path) == before


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9])
def test_a_truncated_file_is_named_and_left_alone(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share) or 50])
    left = path.read_bytes()
    with pytest.raises(CorruptStoreError, match=r"memory\.db"):
        _content(path)
    assert path.read_bytes() == left


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"no database at all, just a text\n" * 200,
        lambda raw: b"\0" * len(raw),
        lambda raw: raw[:16] + b"\xff" * 84 + raw[100:],
        lambda raw: raw[:100] + b"\xff" * 4000 + raw[4100:],
    ],
    ids=["text", "zeros", "header", "first page"],
)
def test_a_file_that_is_no_store_is_named_and_left_alone(
    path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    path.write_bytes(spoil(path.read_bytes()))
    left = path.read_bytes()
    with pytest.raises(CorruptStoreError, match=r"memory\.db"):
        _content(path)
    assert path.read_bytes() == left


def test_a_text_that_is_no_utf8_any_more_is_an_error_that_names_the_file(path: Path) -> None:
    _tamper(path, "UPDATE entries SET text = CAST(x'ff41' AS TEXT) WHERE id = 'n5'")
    store = SQLiteStore(path)
    with pytest.raises(CorruptStoreError, match=r"memory\.db.*verify"):
        store.entries(HERE, ["n5"])
    assert store.entries(HERE, ["n6"])
    assert [damage.id for damage in store.verify()] == ["n5"]
    store.close()


@pytest.mark.parametrize("column", ["metadata", "source_ids", "trust", "session_id"])
def test_a_row_that_makes_no_sense_is_an_error_that_names_the_entry(
    path: Path, column: str
) -> None:
    value = {"trust": "77", "session_id": "''"}.get(column, "'{'")
    _tamper(path, f"UPDATE entries SET {column} = {value} WHERE id = 'n5'")  # noqa: S608
    store = SQLiteStore(path)
    with pytest.raises(CorruptStoreError, match="n5"):
        store.entries(HERE, ["n5"])
    store.close()


def _tamper(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()

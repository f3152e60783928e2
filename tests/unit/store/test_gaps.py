"""SQLite leaves copies of moved rows between its rows; they are found and zeroed, nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import pytest

from context_manager.store.sqlite.gaps import MAX_PAGES, gap_of, zero_gaps


def _file(path: Path) -> apsw.VFSFile:
    return apsw.VFSFile("", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE, 0])


def _churned_table(path: Path, page_size: int) -> tuple[list[bytes], int]:
    """A table whose rows grew and went in random order; what is gone from it, and what is left."""
    chance = random.Random(7)
    tokens = [f"token-{chance.randbytes(16).hex()}" for _ in range(1500)]
    connection = apsw.Connection(str(path))
    connection.pragma("page_size", page_size)
    connection.pragma("secure_delete", True)
    connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, a TEXT)")
    with connection:
        for key, token in enumerate(tokens):
            row = (key, token + "x" * chance.randint(0, page_size // 6))
            connection.execute("INSERT INTO t VALUES (?, ?)", row)
        for key in chance.sample(range(1500), 1000):
            grown = tokens[key] + "y" * chance.randint(0, page_size // 3)
            connection.execute("UPDATE t SET a = ? WHERE k = ?", (grown, key))
            connection.execute("DELETE FROM t WHERE k = ?", (chance.randrange(1500),))
    living = {key for (key,) in connection.execute("SELECT k FROM t")}
    connection.close()
    return [token.encode() for key, token in enumerate(tokens) if key not in living], len(living)


@pytest.mark.parametrize("page_size", [1024, 4096, 16384])
def test_copies_of_deleted_rows_are_overwritten(tmp_path: Path, page_size: int) -> None:
    """secure_delete alone leaves some (which is why this exists); afterwards there is none."""
    path = tmp_path / "t.db"
    gone, left = _churned_table(path, page_size)
    raw = path.read_bytes()
    assert any(token in raw for token in gone), "SQLite left nothing: is this still needed?"
    file = _file(path)
    assert zero_gaps(file) > 0
    assert zero_gaps(file) == 0
    file.xClose()
    raw = path.read_bytes()
    assert [token for token in gone if token in raw] == []
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    assert next(connection.execute("SELECT count(*) FROM t"))[0] == left
    connection.close()


def test_the_largest_pages_have_a_size_of_their_own_in_the_header(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    connection = apsw.Connection(str(path))
    connection.pragma("page_size", 65536)
    connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES ('kept')")
    connection.close()
    raw = bytearray(path.read_bytes())
    start, stop = gap_of(bytes(raw[65536:131072]), 0)
    assert stop - start > 60_000
    raw[65536 + stop - 5 : 65536 + stop] = b"stale"
    path.write_bytes(raw)
    file = _file(path)
    assert zero_gaps(file) == 1
    file.xClose()
    assert b"stale" not in path.read_bytes()
    assert b"kept" in path.read_bytes()


@pytest.mark.parametrize(
    ("page", "header_at", "gap"),
    [
        (bytes([13, 0, 0, 0, 2, 0, 90, 0]) + bytes(92), 0, (12, 90)),
        (bytes([5, 0, 0, 0, 1, 0, 90, 0, 0, 0, 0, 9]) + bytes(88), 0, (14, 90)),
        (bytes(100) + bytes([13, 0, 0, 0, 0, 0, 120, 0]) + bytes(20), 100, (108, 120)),
        (bytes([13, 0, 0, 0, 0, 0, 0, 0]) + bytes(65528), 0, (8, 65536)),
        (bytes([0, 0, 0, 7]) + b"overflow or free page" * 4, 0, (0, 0)),
        (bytes([13, 0, 0, 255, 255, 0, 9, 0]) + bytes(92), 0, (0, 0)),
        (bytes([13, 0, 0, 0, 1, 255, 255, 0]) + bytes(92), 0, (0, 0)),
    ],
    ids=["leaf", "interior", "first page", "64 KiB", "no tree", "too many cells", "too far"],
)
def test_the_gap_of_a_page(page: bytes, header_at: int, gap: tuple[int, int]) -> None:
    assert gap_of(page, header_at) == gap


class HugeFile:
    """So many pages that an overflow page could look like a page of a tree."""

    def xRead(self, amount: int, offset: int, /) -> bytes:
        return (bytes(16) + (4096).to_bytes(2, "big") + bytes(4096))[offset : offset + amount]

    def xWrite(self, data: bytes, offset: int, /) -> None:
        raise AssertionError("nothing may be written")

    def xFileSize(self) -> int:
        return 4096 * MAX_PAGES


def test_a_file_too_large_to_be_sure_is_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        zero_gaps(HugeFile())

"""A loss of power keeps every commit that was synced, and of the rest a prefix, never a gap.

No power is cut here. SQLite writes commits to the end of its log and syncs it ("full": at each
commit; "normal": before a checkpoint). So the files that a loss of power can leave are made by
hand: the log cut at any byte, or with blocks of its unsynced end lost; and a checkpoint of which
only some pages reached the file while the log, synced before it, is whole.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from context_manager.store.protocol import Change
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import exchange
from support.killing import KILLED, outcome
from support.workload import HOME

HERE = HOME.partition
COMMITS = 40


def _write_and_die(path: str, synced: str) -> None:
    """Commit turn by turn, noting the size of the log after each; then be gone without closing."""
    store = SQLiteStore(path, durability="normal")
    with Path(synced).open("w") as sizes:
        for number in range(COMMITS):
            turn = exchange(f"t{number}", f"text {number} " * (1 + number % 7) * 20, "ok")
            store.apply(HERE, Change(turns=(turn,)))
            sizes.write(f"{Path(path + '-wal').stat().st_size}\n")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def crashed(tmp_path: Path) -> tuple[Path, list[int]]:
    """The files of a store whose process died, and where in the log each commit ends."""
    folder = tmp_path / "crashed"
    folder.mkdir()
    path, sizes = folder / "memory.db", tmp_path / "sizes"
    assert outcome(_write_and_die, str(path), str(sizes)) == KILLED
    return path, [int(line) for line in sizes.read_text().splitlines()]


def _found(original: Path, folder: Path, log: bytes, database: bytes | None = None) -> int:
    """How many commits a store finds in these files; they must be the first ones, whole."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "memory.db"
    path.write_bytes(original.read_bytes() if database is None else database)
    Path(f"{path}-wal").write_bytes(log)
    store = SQLiteStore(path)
    turns = store.turns(HOME)
    assert [turn.id for turn in turns] == [f"t{number}" for number in range(len(turns))]
    assert all(len(turn.messages) == 2 for turn in turns)
    assert store.verify().damages == ()
    store.close()
    return len(turns)


def _log(path: Path) -> bytes:
    return Path(f"{path}-wal").read_bytes()


def test_a_log_cut_anywhere_holds_the_commits_before_the_cut(
    crashed: tuple[Path, list[int]], tmp_path: Path, seed: int
) -> None:
    path, ends = crashed
    log, chance = _log(path), random.Random(seed)
    cuts = [*chance.sample(range(ends[0], len(log)), 25), len(log), *ends[5:8]]
    for cut in cuts:
        expected = sum(end <= cut for end in ends)
        assert _found(path, tmp_path / "cut", log[:cut]) == expected, f"cut at {cut}"


def test_lost_blocks_of_the_log_lose_an_end_and_never_leave_a_gap(
    crashed: tuple[Path, list[int]], tmp_path: Path, seed: int
) -> None:
    """Blocks of 512 bytes after a synced point vanish in any combination; what was synced stays."""
    path, ends = crashed
    log, chance = _log(path), random.Random(seed)
    for _ in range(25):
        synced = chance.randrange(COMMITS // 2)
        spoiled = bytearray(log)
        for at in range(ends[synced], len(log) - 512, 512):
            if chance.random() < 0.1:
                spoiled[at : at + 512] = bytes(512)
        assert _found(path, tmp_path / "lost", bytes(spoiled)) >= synced + 1


def test_an_unfinished_checkpoint_changes_nothing(
    crashed: tuple[Path, list[int]], tmp_path: Path, seed: int
) -> None:
    """Any of the pages of a checkpoint may have reached the file, in any order, torn or whole."""
    path, _ = crashed
    folder, chance = tmp_path / "done", random.Random(seed)
    before, log = path.read_bytes(), _log(path)
    assert _found(path, folder, log) == COMMITS  # closing it made the checkpoint
    after = (folder / "memory.db").read_bytes()
    for _ in range(15):
        mixed = bytearray(before.ljust(len(after), b"\0"))
        for at in range(0, len(after), 512):
            if chance.random() < 0.5:
                mixed[at : at + 512] = after[at : at + 512]
        mixed = mixed[: len(after) - 4096 * chance.randrange(3)]
        assert _found(path, folder, log, bytes(mixed)) == COMMITS


TRACED = """
import os, struct, sys
from context_manager.store.protocol import Change, VectorUpdate
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import HERE, exchange

store = SQLiteStore(sys.argv[1], durability=sys.argv[2])
turns = [exchange(f"t{number}", "x") for number in range(10)]
changes = [Change(turns=(turn,)) for turn in turns]
if sys.argv[3] == "vectors":
    for change in changes:
        store.apply(HERE, change)
    ids = [turn.entries[0].entry.id for turn in turns]
    vector = struct.pack("<2f", 1, 0)
    changes = [Change(vectors=(VectorUpdate(id, 0, vector, "m"),)) for id in ids]
for change in changes:
    os.write(1, b"begin")
    store.apply(HERE, change)
    os.write(1, b"acknowledged")
"""


@pytest.mark.system
@pytest.mark.parametrize(
    ("durability", "what", "syncs"),
    [("full", "turns", 10), ("normal", "turns", 0), ("full", "vectors", 0)],
)
def test_full_syncs_each_commit_before_it_is_acknowledged(
    tmp_path: Path, durability: str, what: str, syncs: int
) -> None:
    """Seen from outside, by strace: a sync of the log between each begin and acknowledgement."""
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-o", trace, "-e", "trace=fdatasync,fsync,write"]
    program = [sys.executable, "-c", TRACED, tmp_path / "memory.db", durability, what]
    subprocess.run([*command, *program], check=True, capture_output=True, timeout=120)
    parts = trace.read_text().split('"begin"')[1:]
    waits = [part.partition('"acknowledged"')[0] for part in parts]
    assert len(waits) == 10
    assert sum("sync(" in wait and "memory.db-wal" in wait for wait in waits) == syncs

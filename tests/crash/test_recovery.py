"""A large store that was killed with a large log answers at once when it is opened again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import apsw
import pytest

from context_manager import ContextManager
from context_manager.memory.drafting import Drafter
from context_manager.records import MemoryEntry, Scope
from context_manager.store.protocol import Change, EntryFilter
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder
from support.killing import KILLED, ended, started

MB = 2**20
EACH = 400
"""Entries of one user, about 1 MB with their words and vectors."""
FILLING = " and" * 500
"""Makes the file large; it has no words of its own, so that writing it costs little."""


def _grow(path: str, megabytes: int, log_megabytes: int) -> None:
    """Write users until the file is so large; then, while a reader stands still, the log."""
    store = SQLiteStore(path, durability="normal")
    embedder = HashEmbedder(64)
    drafter = Drafter(store.secret(), len)
    numbers = count()

    def add_user() -> None:
        scope = Scope(user_id=f"user{next(numbers)}")
        texts = [f"Box {n} of {scope.user_id} is violet." for n in range(EACH)]
        drafts = []
        for n, (text, row) in enumerate(zip(texts, embedder.embed(texts), strict=True)):
            entry = MemoryEntry(f"{scope.user_id}.{n}", text, scope=scope)
            draft = drafter.entry(entry, (row.tobytes(),), embedder.fingerprint)
            drafts.append(replace(draft, entry=replace(entry, text=text + FILLING)))
        store.apply(scope.partition, Change(entries=tuple(drafts)))

    while Path(path).stat().st_size < megabytes * MB:
        add_user()
    reader = apsw.Connection(path)
    reader.execute("BEGIN; SELECT count(*) FROM partitions")
    log = Path(f"{path}-wal")
    while log.stat().st_size < log_megabytes * MB:
        add_user()
    told = Path(f"{path}.told")
    told.write_text(str(next(numbers)))
    told.rename(f"{path}.ready")  # whole as soon as it is there
    time.sleep(600)


def _killed_store(folder: Path, megabytes: int, log_megabytes: int) -> tuple[Path, int]:
    path, ready = folder / "memory.db", folder / "memory.db.ready"
    child = started(_grow, str(path), megabytes, log_megabytes)
    while not ready.exists() and child.is_alive():
        time.sleep(0.05)
    users = int(ready.read_text())
    child.kill()
    assert ended(child) == KILLED
    return path, users


@pytest.mark.parametrize(
    ("megabytes", "log_megabytes", "times"),
    [(8, 4, 1), pytest.param(1024, 64, 10, marks=pytest.mark.soak)],
)
def test_a_killed_store_answers_its_first_question(
    tmp_path: Path, megabytes: int, log_megabytes: int, times: int, say: Callable[[str], None]
) -> None:
    path, users = _killed_store(tmp_path, megabytes, log_megabytes)
    spent = []
    for number in range(times):
        copy = tmp_path / "copy" / "memory.db"
        copy.parent.mkdir()
        for ending in ("", "-wal"):
            shutil.copyfile(f"{path}{ending}", f"{copy}{ending}")
        start = time.perf_counter()
        cm = ContextManager.open(copy, scope=Scope(user_id=f"user{users - 1 - number}"))
        cm.embedding_provider = HashEmbedder(64)
        prompt = cm.build_context("What colour is box 17?")
        spent.append(time.perf_counter() - start)
        assert "violet" in prompt
        kept = [Scope(user_id=f"user{n}").partition for n in range(users)]
        assert set(cm.archive.store.partitions()) == set(kept)
        for partition in (kept[0], kept[-1]):
            assert len(cm.archive.store.find(partition, EntryFilter())) == EACH
        cm.close()
        shutil.rmtree(copy.parent)
    size = path.stat().st_size // MB
    log = Path(f"{path}-wal").stat().st_size // MB
    spent.sort()
    say(f"{size} MB, log {log} MB: median {spent[times // 2]:.2f} s, longest {spent[-1]:.2f} s")

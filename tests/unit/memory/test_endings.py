"""A fact that ends is read again, not the whole partition; what is forgotten still goes at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from context_manager import Config, ContextManager
from context_manager.memory.endings import EPOCHS, Endings
from context_manager.records import Partition
from context_manager.store.memory import MemoryStore
from context_manager.store.protocol import Applied, Change, EntryUpdate, Rows, Version
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder

HERE = Partition("t", "u", "a")


class Watched(MemoryStore):
    """Notes from which change on rows were read."""

    def __init__(self) -> None:
        super().__init__()
        self.since: list[int] = []

    def rows(self, partition: Partition, model: str, since: int = 0) -> Rows:
        self.since.append(since)
        return super().rows(partition, model, since)


def manager(store: object) -> ContextManager:
    cm = ContextManager(Config(facts="rules"), store=store)  # type: ignore[arg-type]
    cm.embedding_provider = HashEmbedder()
    return cm


def current(cm: ContextManager) -> list[str]:
    hits = cm.search("Where does the user live?", k=20, kinds=["fact"])
    return sorted(hit.entry.text for hit in hits)


def test_a_fact_that_ends_does_not_make_its_reader_begin_anew() -> None:
    store = Watched()
    cm = manager(store)
    for number in range(20):
        cm.observe(f"Box {number} is violet.", "Noted.")
    cm.observe("I live in Leeds.", "Noted.")
    assert current(cm) == ["The user lives in Leeds."]
    store.since.clear()
    for place in ("Oban", "Bath", "Hull"):
        cm.observe(f"I moved to {place}.", "Noted.")
        assert current(cm) == [f"The user lives in {place}."]
        assert "[since" in cm.build_context("Where do I live?")
    assert store.since
    assert 0 not in store.since
    assert len(cm.search("box violet", k=50)) >= 20


@pytest.mark.parametrize("between", [False, True])
def test_what_is_forgotten_goes_at_once_whoever_forgot_it(tmp_path: Path, between: bool) -> None:
    """Also when facts end before and after, here and in another process."""
    path = tmp_path / "memory.db"
    cm, other = manager(SQLiteStore(path)), manager(SQLiteStore(path))
    gone = cm.observe("The canary sleeps in the attic.", "Noted.")
    cm.observe("I live in Leeds.", "Noted.")
    assert current(cm) == current(other) == ["The user lives in Leeds."]
    cm.observe("I moved to Oban.", "Noted.")
    if between:
        assert current(cm) == ["The user lives in Oban."]
    other.forget(gone.id)
    cm.observe("I moved to Bath.", "Noted.")
    for one in (cm, other):
        assert current(one) == ["The user lives in Bath."]
        assert "attic" not in one.build_context("Where does the canary sleep?")
        one.close()


def test_only_a_change_that_surely_altered_and_took_nothing_away_counts() -> None:
    update = EntryUpdate("f", {"valid_to": 1.0})
    sure = Change(updates=(update,), expect_entries=("f",))
    unsure = [
        Change(updates=(update,)),
        Change(updates=(update,), expect_entries=("g",)),
        Change(updates=(update,), expect_entries=("f",), remove_entries=("x",)),
        Change(updates=(update,), expect_entries=("f",), drop_model="m"),
        Change(updates=(update,), expect_entries=("f",), key="k"),
        Change(),
    ]
    endings = Endings()
    for number, change in enumerate(unsure):
        endings.note(HERE, change, Applied(Version(9, number + 1)))
        assert not endings.only(HERE, number, number + 1)
    endings.note(HERE, sure, Applied(Version(10, 20)))
    endings.note(HERE, sure, Applied(Version(11, 21)))
    assert endings.only(HERE, 19, 21)
    assert not endings.only(HERE, 18, 21)
    assert not endings.only(HERE, 19, 22)
    assert not endings.only(Partition("t", "other", "a"), 19, 21)
    for epoch in range(22, 22 + EPOCHS):
        endings.note(HERE, sure, Applied(Version(12, epoch)))
    assert not endings.only(HERE, 19, 22 + EPOCHS - 1)

"""What was saved is there again: the same entries, and the same prompts made of them."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.errors import InputError, NotFoundError, StoreBusyError, StoreError
from context_manager.records import Partition, Scope
from context_manager.store.memory import MemoryStore
from context_manager.store.protocol import Change
from context_manager.testing.embedders import HashEmbedder
from context_manager.testing.store_contract import HERE, exchange

QUESTIONS = ("Where is the red box?", "What is in room 3?", "What do the documents say?")


def manager(path: Path | None = None, *, saved: bool = False) -> ContextManager:
    memory = MemoryConfig(stm_capacity=300, chunk_size=150, recent_k=3)
    if path is None:
        cm = ContextManager(Config(memory=memory), clock=map(float, count(10**9)).__next__)
    elif saved:
        cm = ContextManager.load(path, Config(memory=memory))
    else:
        cm = ContextManager.open(path, Config(memory=memory))
    cm.embedding_provider = HashEmbedder()
    return cm


def test_a_saved_memory_gives_the_same_prompts_whatever_was_forgotten(tmp_path):
    cm = manager()
    task = cm.scoped(task_id="boxes")
    turns = []
    for number in range(30):
        there = task if number % 3 else cm
        colour = ("red", "blue", "green")[number % 3]
        said = f"Box {number} is {colour} and stands in room {number % 7}."
        turns.append(there.observe(said, f"Noted, box {number}."))
    cm.pin("Answer briefly.")
    cm.ingest_text("The rooms are numbered from the north.", source="plan.txt")
    cm.forget([turns[4].messages[0].id, turns[10].id, turns[28].id])

    cm.save(tmp_path / "saved.db")
    cm.config.memory.recall = "task"
    boxes = {hit.entry.id for hit in task.search("box", 100)}
    cm.config.memory.recall = "user"
    for saved in (True, False):
        again = manager(tmp_path / "saved.db", saved=saved)
        for question in QUESTIONS:
            assert again.build(question, now=2e9).text == cm.build(question, now=2e9).text
        again.config.memory.recall = "task"
        assert {hit.entry.id for hit in again.scoped(task_id="boxes").search("box", 100)} == boxes
        again.close()


class Failing(MemoryStore):
    """A store that can be read to the first half only."""

    def find(self, partition: Partition, *arguments, **named):
        if partition.user_id == "second":
            raise StoreError("unreadable from here on")
        return super().find(partition, *arguments, **named)


def test_a_save_that_fails_leaves_no_file(tmp_path):
    cm = ContextManager(store=Failing())
    cm.embedding_provider = HashEmbedder()
    for user in ("first", "second"):
        cm.scoped(user_id=user).observe("The box is red", "Noted")
    with pytest.raises(StoreError, match="unreadable"):
        cm.save(tmp_path / "saved.db")
    assert list(tmp_path.iterdir()) == []


class Written(MemoryStore):
    """A store to which others write whenever turns are read."""

    times = 0
    """How often they do it still."""

    def turns(self, scope: Scope, *arguments, **named):
        if self.times:
            self.times -= 1
            turn = exchange(f"t{self.times}", "Said meanwhile", scope=scope)
            self.apply(scope.partition, Change(turns=(turn,)))
        return super().turns(scope, *arguments, **named)


@pytest.mark.parametrize("kept", ["saved", "exported"])
def test_what_is_written_down_while_others_write_is_one_state(tmp_path, kept):
    store = Written()
    cm = ContextManager(store=store).scoped(**HERE._asdict())
    cm.embedding_provider = HashEmbedder()
    for number in range(5):
        cm.observe(f"Box {number} is red", "Noted")
    write = cm.save if kept == "saved" else cm.export
    store.times = 10**6
    with pytest.raises(StoreBusyError, match="try again"):
        write(tmp_path / "never")
    assert list(tmp_path.iterdir()) == []
    store.times = 2
    write(tmp_path / "written")
    if kept == "saved":
        again = ContextManager.load(tmp_path / "written").scoped(**HERE._asdict())
    else:
        again = ContextManager().scoped(**HERE._asdict())
        again.import_export(tmp_path / "written")
    said = [turn.messages[0].text for turn in cm.archive.store.turns(cm.scope)]
    assert [t.messages[0].text for t in again.archive.store.turns(again.scope)] == said
    assert "Said meanwhile" in said


def test_nothing_is_saved_over_anything_or_into_nothing(tmp_path):
    cm = manager()
    (tmp_path / "taken").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        cm.save(tmp_path / "taken")
    with pytest.raises(InputError, match="missing is no directory"):
        cm.save(tmp_path / "missing" / "saved.db")
    with pytest.raises(NotFoundError, match="nothing"):
        ContextManager.load(tmp_path / "nothing.db")
    assert (tmp_path / "taken").read_text() == "precious"

"""Entries kept after reading: never beyond a change of epoch, never more than there is room for."""

from __future__ import annotations

import pytest

from context_manager import Config, ContextManager
from context_manager.config import EmbeddingConfig
from context_manager.memory.texts import Texts
from context_manager.store.memory import MemoryStore
from context_manager.store.protocol import Version


class Reading(MemoryStore):
    """Remembers which entries were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[list[str]] = []

    def entries(self, partition, ids):
        self.read.append(list(ids))
        return super().entries(partition, ids)


@pytest.fixture
def filled():
    store = Reading()
    config = Config(embedding=EmbeddingConfig("hash"))
    with ContextManager(config, store=store) as cm:
        ids = cm.add_memory_batch([f"Note {n}." for n in range(10)])
        store.read.clear()
        yield cm, store, ids


def test_what_was_read_is_not_read_again(filled):
    cm, store, ids = filled
    texts, partition = Texts(store), cm.scope.partition
    version = store.version(partition)
    first = texts.entries(partition, version, ids[:4])
    again = texts.entries(partition, version, ids[2:6])
    assert [entry.text for entry in again.values()] == [f"Note {n}." for n in range(2, 6)]
    assert first[ids[2]] is again[ids[2]]
    assert store.read == [ids[:4], ids[4:6]]


def test_ids_that_do_not_exist_are_left_out(filled):
    cm, store, ids = filled
    partition = cm.scope.partition
    found = Texts(store).entries(partition, store.version(partition), [ids[0], "mem_none"])
    assert list(found) == [ids[0]]


def test_nothing_is_kept_beyond_an_epoch(filled):
    cm, store, ids = filled
    texts, partition = Texts(store), cm.scope.partition
    texts.entries(partition, store.version(partition), ids)
    store.read.clear()
    cm.forget(ids[0])
    left = texts.entries(partition, store.version(partition), ids)
    assert list(left) == ids[1:]
    assert ids in store.read


def test_what_was_forgotten_while_it_was_read_is_not_kept(filled):
    cm, store, ids = filled
    texts, partition = Texts(store), cm.scope.partition
    before = store.version(partition)
    cm.forget(ids[0])
    texts.entries(partition, before, ids[1:])
    assert not texts._kept


def test_an_older_reader_does_not_undo_a_newer_one(filled):
    cm, store, ids = filled
    texts, partition = Texts(store), cm.scope.partition
    old = store.version(partition)
    cm.forget(ids[0])
    texts.entries(partition, store.version(partition), ids[1:])
    store.read.clear()
    texts.entries(partition, old, ids[1:2])
    texts.entries(partition, store.version(partition), ids[1:])
    assert store.read == [ids[1:2]]


@pytest.mark.parametrize("capacity", [1, 3, 7])
def test_no_more_is_kept_than_there_is_room_for(filled, capacity):
    cm, store, ids = filled
    texts, partition = Texts(store, capacity), cm.scope.partition
    for start in range(len(ids)):
        found = texts.entries(partition, store.version(partition), ids[start : start + 3])
        assert set(found) == {*ids[start : start + 3]}
        assert sum(len(kept.entries) for kept in texts._kept.values()) <= capacity


def test_a_prompt_shows_what_was_changed_or_forgotten_elsewhere(tmp_path):
    config = Config(embedding=EmbeddingConfig("hash"))
    file = tmp_path / "memory.db"
    with ContextManager.open(file, config) as one, ContextManager.open(file, config) as other:
        entry = one.add_memory("The gate code is 7319.")
        kept = one.add_memory("The gate is green.")
        assert "7319" in one.build_context("What is the gate code?")
        assert "7319" in one.build_context("What is the gate code?")
        other.forget(entry)
        other.pin(kept)
        built = one.build_context("What is the gate code?")
        assert "7319" not in built
        assert one.search("gate", 1)[0].entry.kind == "pinned"
        assert one.archive.store.version(one.scope.partition) != Version(0, 0)

"""Embedding finds what waits for a vector without looking through everything; nothing is missed."""

from __future__ import annotations

import pytest

from context_manager import Config, ContextManager
from context_manager.config import EmbeddingConfig
from context_manager.errors import EmbeddingError
from context_manager.memory.archive import Archive
from context_manager.memory.waiting import Waiting
from context_manager.records import DEFAULT_SCOPE, MemoryEntry
from context_manager.store.memory import MemoryStore
from context_manager.store.protocol import Change
from context_manager.store.sqlite import SQLiteStore
from support.counting import CountingEmbedder, CountingStore

WHOSE = DEFAULT_SCOPE.partition


def archive(store) -> tuple[Archive, CountingEmbedder]:
    embedder = CountingEmbedder()
    return Archive(store, lambda: embedder, len), embedder


def add(kept: Archive, *texts: str) -> None:
    for text in texts:
        kept.add(MemoryEntry(id=f"mem_{text}", text=text, timestamp=1.0))


def embedded(kept: Archive) -> int:
    return sum(kept.store.models(WHOSE).values())


def test_the_store_is_looked_through_once_and_not_for_each_addition():
    store = CountingStore()
    kept, _ = archive(store)
    for number in range(10):
        add(kept, f"note {number}")
        while kept.embed_written(WHOSE, 4):
            pass
    assert embedded(kept) == 10
    assert store.looks == 1


def test_what_an_earlier_process_left_over_is_found_a_few_at_a_time(tmp_path):
    first, _ = archive(SQLiteStore(tmp_path / "memory.db"))
    add(first, *(f"note {number}" for number in range(10)))
    first.store.close()
    kept, embedder = archive(SQLiteStore(tmp_path / "memory.db"))
    add(kept, "one more")
    rounds = 1
    while kept.embed_written(WHOSE, 4):
        rounds += 1
    assert embedded(kept) == 11
    assert rounds == 3
    assert max(len(call) for call in embedder.calls) <= 4


def test_a_search_embeds_what_others_wrote_meanwhile(tmp_path):
    one, _ = archive(SQLiteStore(tmp_path / "memory.db"))
    other, _ = archive(SQLiteStore(tmp_path / "memory.db"))
    one.embed_written(WHOSE, 10)
    add(other, "the kettle whistles")
    one.snapshot(WHOSE)
    assert one.snapshot(WHOSE).pending
    config = Config(embedding=EmbeddingConfig("hash"))
    with ContextManager(config, store=SQLiteStore(tmp_path / "memory.db")) as cm:
        cm.embedding_provider = CountingEmbedder()
        assert cm.search("kettle", 1)
    assert not one.snapshot(WHOSE).pending


def test_nothing_is_embedded_twice_by_search_and_background():
    kept, embedder = archive(MemoryStore())
    config = Config(embedding=EmbeddingConfig("hash"))
    with ContextManager(config, store=kept.store) as cm:
        cm.embedding_provider = embedder
        for number in range(20):
            cm.observe(f"Parcel {number} came.", f"I saw parcel {number}.")
            cm.search(f"parcel {number}", 1)
        cm.engine.background.drain()
    texts = [text for call in embedder.calls for text in call]
    said = [text for text in texts if text.endswith(".")]
    assert len(said) == len(set(said)) == 40


def test_a_failure_leaves_everything_waiting():
    kept, embedder = archive(MemoryStore())
    kept.embed_written(WHOSE, 10)
    add(kept, "a", "b", "c")
    embedder.broken = True
    with pytest.raises(EmbeddingError):
        kept.embed_written(WHOSE, 10)
    embedder.broken = False
    assert not kept.embed_written(WHOSE, 10)
    assert embedded(kept) == 3


def test_what_was_forgotten_meanwhile_does_not_hold_up_the_rest():
    store = MemoryStore()
    kept, _ = archive(store)
    kept.embed_written(WHOSE, 10)
    add(kept, "a", "b", "c")
    with ContextManager(Config(embedding=EmbeddingConfig("hash")), store=store) as cm:
        cm.forget(["mem_a", "mem_b"])
        while kept.embed_written(WHOSE, 2):
            pass
        assert embedded(kept) == 1


def test_with_more_than_can_be_remembered_the_store_is_asked_again():
    kept, _ = archive(MemoryStore())
    waiting = Waiting(most=5)
    waiting.search_ended(WHOSE, "model")
    for number in range(5):
        waiting.note(WHOSE, written(kept, f"note {number}"))
    assert len(waiting.some(WHOSE, 10)) == 5
    assert waiting.searched(WHOSE, "model")
    waiting.note(WHOSE, written(kept, "one too many"))
    assert waiting.some(WHOSE, 10) == []
    assert not waiting.searched(WHOSE, "model")


def written(kept: Archive, text: str) -> Change:
    """A change that adds one text."""
    entry = MemoryEntry(id=f"mem_{text}", text=text, timestamp=1.0)
    return Change(entries=(kept.drafter.entry(entry),))

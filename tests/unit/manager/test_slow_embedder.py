"""An embedder that takes too long costs a prompt its vectors, never the prompt."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event

import pytest

from context_manager import Config, ContextManager
from context_manager.config import EmbeddingConfig
from context_manager.embedding.protocol import Vectors
from context_manager.errors import ConfigError
from context_manager.records import MemoryEntry
from context_manager.store.protocol import Change
from context_manager.testing.embedders import HashEmbedder


class Stuck:
    """Answers while it may."""

    dimension = 64
    fingerprint = "stuck:64"

    def __init__(self) -> None:
        self.may = Event()
        self.calls = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.calls += 1
        if not self.may.wait(120):
            raise TimeoutError
        return HashEmbedder().embed(texts)


@pytest.fixture
def stuck():
    embedder = Stuck()
    yield embedder
    embedder.may.set()


@pytest.fixture
def cm(stuck):
    with ContextManager(Config(embedding=EmbeddingConfig(deadline=0.05))) as manager:
        manager.embedding_provider = stuck
        yield manager
        stuck.may.set()


def test_words_alone_rank_while_the_embedder_does_not_answer(cm):
    cm.observe("The boat is called Halcyon", "A fine name")
    there = cm.scoped(session_id="another")

    built = there.build("What is the boat called?")

    assert "Halcyon" in built.text
    assert built.degraded == ("embedding",)
    assert there.query_memory("boat")[0][0] == "The boat is called Halcyon"
    assert "Halcyon" in there.build_context_batch(["the boat?", "its name, Halcyon?"])[0]


def test_no_second_call_is_begun_while_the_first_has_not_ended(cm, stuck):
    cm.build("Anything at all?")
    calls = stuck.calls
    for _ in range(5):
        assert cm.build("Anything else?").degraded == ("embedding",)
    assert stuck.calls == calls


def test_vectors_are_back_as_soon_as_the_embedder_is(cm, stuck):
    assert cm.build("Anything at all?").degraded == ("embedding",)
    stuck.may.set()
    for _ in range(500):
        if cm.build("Anything at all?").degraded == ():
            return
        time.sleep(0.01)
    pytest.fail("the embedder answers again, and no prompt has its vectors")


def test_what_is_pending_is_worked_off_in_portions_when_there_is_much():
    class Counting(HashEmbedder):
        def __init__(self) -> None:
            super().__init__()
            self.portions: list[int] = []

        def embed(self, texts: Sequence[str]) -> Vectors:
            self.portions.append(len(texts))
            return super().embed(texts)

    with ContextManager(Config(embedding=EmbeddingConfig(deadline=0.001))) as cm:
        counting = cm.embedding_provider = Counting()
        drafts = [cm.archive.drafter.entry(entry) for entry in notes(cm, 250)]
        cm.archive.apply(cm.scope.partition, Change(entries=tuple(drafts)))
        degraded = [cm.build(f"Crate {n}?").degraded for n in range(6)]

        assert max(counting.portions) <= 100
        assert sum(counting.portions) - 6 == 250
        assert degraded[-1] == ()
        assert not cm.archive.snapshot(cm.scope.partition).pending


def notes(cm: ContextManager, count: int):
    return [
        MemoryEntry(id=f"mem_{n}", text=f"Crate {n} holds walnuts", scope=cm.scope)
        for n in range(count)
    ]


def test_a_deadline_that_cannot_work_is_refused():
    with pytest.raises(ConfigError, match=r"embedding\.deadline must lie in"):
        ContextManager(Config(embedding=EmbeddingConfig(deadline=0)))
    ContextManager(Config(embedding=EmbeddingConfig(deadline=None)))

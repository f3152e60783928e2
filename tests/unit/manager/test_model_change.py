"""Vectors of two models are never compared: words serve until all have been embedded anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from context_manager import Config, ContextManager
from context_manager.errors import EmbeddingError
from context_manager.manager.observing import TurnInput
from context_manager.memory.pending import EMBED_BATCH, REEMBEDDED_AT_ONCE
from context_manager.records import Message
from context_manager.store.memory import MemoryStore
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder

MANY = 2 * EMBED_BATCH + 100


class Other(HashEmbedder):
    """A second model: its space is another one, of the same or of another dimension."""

    def __init__(self, dimension: int = 16, fail_after: int | None = None) -> None:
        super().__init__(dimension)
        self.texts: list[str] = []
        self.fail_after = fail_after

    @property
    def fingerprint(self) -> str:
        return f"other:{self.dimension}"

    def embed(self, texts: Sequence[str]):
        if self.fail_after is not None and len(self.texts) >= self.fail_after:
            raise EmbeddingError("the provider is gone")
        self.texts += texts
        return np.roll(super().embed(texts), 5, axis=1)


@pytest.fixture(params=["memory", "sqlite"])
def cm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ContextManager]:
    """A manager with many memories of the first model."""
    store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "memory.db")
    with ContextManager(Config(), store=store) as made:
        made.embedding_provider = HashEmbedder(16)
        fill(made, MANY)
        yield made


def fill(cm: ContextManager, count: int) -> None:
    turns = [
        TurnInput((Message("user", f"Box {number} holds thing{number}"),))
        for number in range(count)
    ]
    cm.scoped(session_id="earlier").observe_batch(turns)
    cm.archive.embed_pending(cm.scope.partition)


def models(cm: ContextManager) -> dict[str, int]:
    return cm.archive.store.models(cm.scope.partition)


@pytest.mark.parametrize("dimension", [16, 24], ids=["same dimension", "other dimension"])
def test_another_model_is_not_mixed_in_and_words_serve(cm: ContextManager, dimension: int) -> None:
    cm.embedding_provider = other = Other(dimension)
    built = cm.build("where is thing77?")
    assert "thing77" in built.text
    assert built.degraded == ("model",)
    assert other.texts == [], "neither question nor memory was embedded with the second model"
    cm.observe("A new one: thing9999", "ok")
    assert "thing9999" in cm.scoped(session_id="later").build("thing9999?").text
    assert models(cm) == {"hash:16:1": MANY}


def test_embedding_anew_swaps_the_models(cm: ContextManager) -> None:
    cm.embedding_provider = other = Other()
    steps: list[int] = []
    done = cm.reembed(progress=steps.append)
    assert done == steps[-1] == len(other.texts) == MANY
    assert models(cm) == {other.fingerprint: MANY}
    built = cm.build("where is thing77?")
    assert built.degraded == ()
    assert cm.reembed() == 0


def test_the_old_vectors_stay_until_all_is_done_and_it_goes_on_where_it_stopped(
    cm: ContextManager,
) -> None:
    """Also for going back: the first model serves again at once."""
    cm.embedding_provider = failing = Other(fail_after=EMBED_BATCH)
    with pytest.raises(EmbeddingError):
        cm.reembed()
    assert models(cm) == {"hash:16:1": MANY, failing.fingerprint: EMBED_BATCH}
    assert cm.build("where is thing77?").degraded == ("model",)

    cm.embedding_provider = HashEmbedder(16)
    assert cm.build("where is thing77?").degraded == ()

    cm.embedding_provider = again = Other()
    assert cm.reembed() == MANY - EMBED_BATCH
    assert not set(again.texts) & set(failing.texts), "nothing is embedded twice"
    assert models(cm) == {again.fingerprint: MANY}


def test_others_read_and_write_while_it_runs(cm: ContextManager) -> None:
    cm.embedding_provider = Other()
    seen: list[tuple[bool, tuple[str, ...]]] = []

    def meanwhile(done: int) -> None:
        cm.observe(f"Written meanwhile: extra{done}", "ok")
        built = cm.scoped(session_id="later").build(f"extra{done}?")
        seen.append((f"extra{done}" in built.text, built.degraded))

    cm.reembed(progress=meanwhile)
    assert len(seen) > 2
    assert all(found for found, _ in seen)
    assert seen[0][1] == ("model",)
    assert list(models(cm)) == [Other().fingerprint]


def test_a_few_memories_are_embedded_anew_at_once() -> None:
    cm = ContextManager()
    cm.embedding_provider = HashEmbedder(16)
    fill(cm, REEMBEDDED_AT_ONCE)
    cm.embedding_provider = other = Other()
    assert cm.build("where is thing77?").degraded == ()
    assert models(cm)[other.fingerprint] == REEMBEDDED_AT_ONCE


def test_each_user_is_embedded_anew_for_themselves_or_all_at_once() -> None:
    cm = ContextManager()
    cm.embedding_provider = HashEmbedder(16)
    users = [cm.scoped(user_id=name) for name in ("ann", "bob")]
    for user in users:
        user.observe("My thing", "ok")
        user.archive.embed_pending(user.scope.partition)
    for user in (cm, *users):
        user.embedding_provider = Other()
    users[0].reembed()
    assert [list(models(user)) for user in users] == [["other:16"], ["hash:16:1"]]
    assert cm.reembed(everybody=True) == 2
    assert [list(models(user)) for user in users] == [["other:16"], ["other:16"]]

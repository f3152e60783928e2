"""A reranker of the user's own: what it is handed, what it decides, and what it may not break."""

from __future__ import annotations

import pytest

from context_manager import Config, ContextManager
from context_manager.config import EmbeddingConfig
from context_manager.errors import InputError

SAID = ("The red kite is broken", "The blue kite flies well", "Soup for lunch", "A kite shop")


def remembering(reranker=None) -> ContextManager:
    config = Config(embedding=EmbeddingConfig(model="hash"))
    manager = ContextManager(config, reranker=reranker)
    for text in SAID:
        manager.scoped(session_id="before").observe(text, "")
    return manager.scoped(session_id="now")


def test_the_reranker_decides_the_order_of_query_memory_and_of_the_prompt():
    def longest(_query, hits):
        return [len(hit.passage) for hit in hits]

    manager = remembering(longest)

    assert [text for text, _ in manager.query_memory("kite", k=4)] == sorted(SAID, key=len)[::-1]
    tight = manager.build("kite", budget=60)
    assert SAID[1] in tight.text


def test_it_is_handed_the_query_and_the_hits_best_first():
    seen = []

    def look(query, hits):
        seen.append((query, [hit.score for hit in hits], {hit.entry.text for hit in hits}))
        return [hit.score for hit in hits]

    manager = remembering(look)
    manager.query_memory("a kite", k=4)

    query, scores, texts = seen[0]
    assert query == "a kite"
    assert scores == sorted(scores, reverse=True)
    assert texts == set(SAID)


def test_relevance_stays_calibrated_whatever_the_scale_of_the_reranker():
    """Logits, percentages or ranks: the k-th best has the relevance that the k-th best had."""
    plain = [score for _, score in remembering().query_memory("red kite", k=4)]

    for scale in (1e-3, 1.0, 1e6):
        manager = remembering(lambda _, hits, s=scale: [-s * n for n in range(len(hits), 0, -1)])
        assert [s for _, s in manager.query_memory("red kite", k=4)] == pytest.approx(plain)


def test_its_score_is_a_stage_of_the_explanation():
    manager = remembering(lambda _, hits: [42.0] * len(hits))

    slots = [slot for slot in manager.explain("kite").slots if slot.section == "memory"]

    assert {slot.stages["rerank"] for slot in slots} == {42.0}


@pytest.mark.parametrize(
    "given",
    [[1.0], [float("nan")] * 4, ["high"] * 4, [[1.0]] * 4],
    ids=["few", "nan", "text", "2d"],
)
def test_unusable_scores_are_refused_with_what_is_wanted(given):
    with pytest.raises(InputError, match="the reranker must return"):
        remembering(lambda _q, _hits: given).query_memory("kite", k=4)


def test_nothing_found_asks_no_reranker():
    manager = ContextManager(reranker=lambda _q, _hits: pytest.fail("asked about nothing"))

    assert manager.query_memory("anything") == []

"""Promises of the whole: broken parts cost quality only, and prompts keep their beginning."""

from __future__ import annotations

import pytest

from context_manager import Config, ContextManager, EmbeddingConfig, LLMConfig, MemoryConfig
from context_manager.errors import EmbeddingError, ScopeError
from context_manager.testing.embedders import HashEmbedder
from context_manager.testing.llm import ScriptedLLM
from context_manager.tokens import TokenCounter


class BrokenEmbedder(HashEmbedder):
    """Fails whenever it is asked."""

    def embed(self, texts):
        raise EmbeddingError("the model is gone")


def test_a_broken_embedder_costs_quality_not_turns_and_not_the_call():
    cm = ContextManager()
    cm.embedding_provider = BrokenEmbedder()
    for number in range(30):
        cm.observe(f"Crate {number} holds {number + 100} lamps.", "Counted.")
    context = cm.scoped(session_id="another").build("How many lamps are in crate 17?", budget=200)
    assert "Crate 17 holds 117 lamps." in context.text
    assert context.degraded == ("embedding",)
    assert "Crate 17 holds 117 lamps." in cm.query_memory("crate 17", k=1)[0][0]

    cm.embedding_provider = HashEmbedder()
    assert cm.build("How many lamps are in crate 17?").degraded == ()


def test_a_model_that_always_fails_loses_nothing():
    memory = MemoryConfig(stm_capacity=100, chunk_size=60)
    cm = ContextManager(Config(llm=LLMConfig(provider="custom"), memory=memory))
    cm.embedding_provider = HashEmbedder()
    cm.summarizer.llm_adapter = llm = ScriptedLLM([RuntimeError("no answer")])
    llm.bounded = True  # is not asked again, so that the test need not wait
    for number in range(30):
        cm.observe(f"Crate {number} holds {number + 100} lamps.", "Counted.")
    cm.engine.background.drain(120)

    summaries = [entry for entry in cm.long_term_memory.entries if entry.kind == "summary"]
    assert summaries
    assert all(entry.text.strip() for entry in summaries)
    for number in range(30):
        found = cm.search(f"How many lamps does crate {number} hold?", k=5, kinds=["message"])
        assert f"Crate {number} holds {number + 100} lamps." in [hit.entry.text for hit in found]


def test_where_several_users_share_an_installation_a_call_without_one_is_refused():
    cm = ContextManager(Config(multi_user=True))
    for call in (
        lambda: cm.observe("hello", "hi"),
        lambda: cm.build_context("hello"),
        lambda: cm.query_memory("hello"),
        lambda: cm.add_memory("hello"),
        lambda: cm.clear_memory(),
    ):
        with pytest.raises(ScopeError, match="user_id"):
            call()
    ann = cm.scoped(user_id="ann")
    ann.observe("hello", "hi")
    assert "hello" in ann.build_context("again?")


def test_the_prompt_keeps_its_beginning_in_most_steps_of_a_conversation():
    """Up to the last recent turn, the prompt is a start of the next one, so it can be cached."""
    cm = ContextManager(Config(memory=MemoryConfig(recent_k=5)))
    cm.embedding_provider = HashEmbedder()
    cm.pin("Answer briefly.")
    kept, before = 0, ""
    for number in range(60):
        context = cm.build(f"What about item {number}?")
        kept += bool(before) and context.text.startswith(before)
        before = "".join(s.text for s in context.slots if s.section in ("pinned", "recent"))
        cm.observe(f"What about item {number}?", f"Item {number} is in the third drawer.")
    assert kept >= 48


def test_long_turns_and_their_summaries_leave_the_beginning_of_most_prompts_alone():
    """Summaries change when the window of recent turns does, not whenever one is made."""
    cm = ContextManager(Config(memory=MemoryConfig(stm_capacity=1600, prompt_token_budget=2400)))
    cm.config.memory.chunk_size = 400
    cm.embedding_provider = HashEmbedder()
    kept, summarised, before = 0, set(), ""
    for number in range(60):
        context = cm.build(f"What about room {number}?")
        kept += bool(before) and context.text.startswith(before)
        shown = [s for s in context.slots if s.section in ("summary", "recent")]
        before = "".join(s.text for s in shown)
        summarised |= {s.entry_id for s in shown if s.section == "summary"}
        cm.observe(f"What about room {number}?", f"Room {number} has {number + 3} windows. " * 25)
    assert len(summarised) > 5
    assert kept >= 42


class Characters(TokenCounter):
    """Counts by a rule of its own, in one method only."""

    def count_tokens(self, text):
        return len(text)


class Words:
    """Can do nothing but count."""

    def count_tokens(self, text):
        return len(text.split()) / 1


@pytest.mark.parametrize("counter", [Characters(), Words()])
@pytest.mark.parametrize("budget", [80, 300, 2000])
def test_a_counter_of_the_users_own_is_what_the_budget_is_counted_by(counter, budget):
    cm = ContextManager(Config(memory=MemoryConfig(input_overflow="middle_cut")))
    cm.embedding_provider = HashEmbedder()
    cm.token_counter = counter
    for number in range(30):
        cm.observe(f"Crate {number} holds {number + 100} lamps.", "Counted.")
    for question in ("Which crate?", "Which crate? " * 500):
        context = cm.build(question, budget=budget)
        assert context.tokens == cm.count(context.text) <= budget
        assert sum(slot.tokens for slot in context.slots) == context.tokens


def unreachable(texts):
    raise ConnectionRefusedError("nobody there")


def test_an_embedder_that_never_worked_costs_quality_only(tmp_path):
    nowhere = {"model": "m", "base_url": "http://127.0.0.1:9", "sleep": lambda seconds: None}
    embedding = EmbeddingConfig("openai", options=nowhere)
    started_dead = ContextManager(Config(embedding=embedding))
    assigned_dead = ContextManager()
    assigned_dead.embedding_provider = unreachable
    for cm in (started_dead, assigned_dead):
        cm.observe("Crate 17 holds 117 lamps.", "Counted.")
        context = cm.scoped(session_id="another").build("How many lamps are in crate 17?")
        assert "Crate 17 holds 117 lamps." in context.text
        assert context.degraded == ("embedding",)
        assert cm.get_stats()["long_term_memory"]["num_entries"] == 2
        cm.save(tmp_path / f"{id(cm)}.db")
        cm.embedding_provider = HashEmbedder()
        assert cm.build("How many lamps are in crate 17?").degraded == ()
        assert cm.long_term_memory.index.row(0).any()

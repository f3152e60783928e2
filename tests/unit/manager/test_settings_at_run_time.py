"""Every setting may be assigned at run time: the parts made of it are made anew."""

from __future__ import annotations

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.llm.adapters import register_llm_adapter
from context_manager.llm.local import EchoAdapter, NoLLMAdapter
from context_manager.testing.embedders import HashEmbedder
from context_manager.testing.llm import ScriptedLLM


def test_the_token_model_may_change_and_the_budget_is_kept_by_its_count():
    cm = ContextManager(Config(memory=MemoryConfig(prompt_token_budget=120)))
    cm.embedding_provider = HashEmbedder()
    for number in range(20):
        cm.observe(f"Crate {number} holds walnuts and dried apricots", "I see")
    before = cm.build("Which crate holds walnuts?")
    cm.config.token_model = "approximate"  # noqa: S105
    after = cm.build("Which crate holds walnuts?")

    assert cm.token_counter.encoding == "approximate"
    assert before.tokens <= 120
    assert cm.count(after.text) == after.tokens <= 120


def test_the_embedding_model_may_change_and_what_was_said_is_found_by_it():
    cm = ContextManager()
    cm.config.embedding.model = "hash"
    cm.observe("The boat is called Halcyon", "A fine name")
    assert cm.query_memory("boat")[0][0] == "The boat is called Halcyon"
    first = cm.model()
    cm.config.embedding.options = {"dimension": 32}

    assert cm.model() != first
    assert cm.embedding_provider.dimension == 32
    assert cm.query_memory("boat")[0][0] == "The boat is called Halcyon"


def test_the_language_model_may_change_and_writes_the_summaries_then():
    register_llm_adapter("scripted-here", lambda **_: ScriptedLLM())
    cm = ContextManager()
    assert isinstance(cm.llm_adapter, NoLLMAdapter)
    assert cm.summarizer.llm_adapter is None
    cm.config.llm.provider = "scripted-here"

    assert cm.summarizer.llm_adapter is cm.llm_adapter
    assert isinstance(cm.llm_adapter, ScriptedLLM)
    cm.config.llm.provider = "none"
    assert cm.summarizer.llm_adapter is None


def test_the_ratio_of_summaries_may_change():
    cm = ContextManager()
    summarizer = cm.summarizer
    cm.config.memory.summary_compression_ratio = 0.1

    assert cm.summarizer is summarizer
    assert summarizer.compression_ratio == 0.1


def test_a_part_that_was_assigned_follows_no_setting():
    cm = ContextManager()
    mine = cm.llm_adapter = EchoAdapter()
    cm.config.llm.provider = "openai"

    assert cm.llm_adapter is mine
    assert cm.scoped(user_id="ana").llm_adapter is mine


def test_all_scopes_share_what_the_settings_make():
    cm = ContextManager()
    ana = cm.scoped(user_id="ana")
    cm.config.token_model = "o200k_base"  # noqa: S105

    assert ana.token_counter is cm.token_counter
    assert ana.token_counter.encoding == "o200k_base"

"""Turns that left become summaries of summaries; a model's part is bounded, told and never waited
for."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from context_manager import Config, ContextManager, LLMConfig, MemoryConfig, SpendConfig
from context_manager.errors import ConfigError, LLMTimeoutError
from context_manager.llm.adapters import register_llm_adapter
from context_manager.manager.observing import TurnInput
from context_manager.memory.summarizer import HierarchicalSummarizer
from context_manager.records import Message
from context_manager.testing.embedders import HashEmbedder
from context_manager.testing.llm import ScriptedLLM

SHORT = {"stm_capacity": 60, "chunk_size": 40}


class OnceOnly(ScriptedLLM):
    """Is not asked again after a failure, so that no test waits."""

    bounded = True


def manager(llm: Any = None, spend: SpendConfig | None = None, **memory: Any) -> ContextManager:
    settings = Config(
        llm=LLMConfig(provider="none"),
        memory=MemoryConfig(**{**SHORT, **memory}),
        spend=spend or SpendConfig(),
    )
    cm = ContextManager(settings)
    cm.embedding_provider = HashEmbedder()
    if llm is not None:
        cm.summarizer.llm_adapter = llm
    return cm


def talk(cm: ContextManager, turns: int = 12, about: str = "crate") -> None:
    for number in range(turns):
        cm.observe(f"The {about} number {number} holds {number + 100} lamps.", "Counted, thanks.")
    assert cm.engine.background.drain(120)


def summaries(cm: ContextManager, level: str | None = None) -> list[Any]:
    return [
        entry
        for entry in cm.long_term_memory.entries
        if entry.kind == "summary" and level in (None, entry.metadata["level"])
    ]


def test_a_summary_says_who_wrote_it():
    llm = OnceOnly(["Lamps lie in crates."])
    llm.model = "scripted-1"
    cm = manager(llm)
    talk(cm, 6)
    written = summaries(cm)[0].metadata
    assert (written["method"], written["model"]) == ("llm", "scripted-1")
    assert "degraded" not in written
    assert cm.build("Which crates?").degraded == ()

    plain = manager()
    talk(plain, 6)
    assert summaries(plain)[0].metadata["method"] == "extractive"


def test_while_the_model_fails_prompts_say_so_and_when_it_answers_again_they_do_not():
    llm = OnceOnly(
        lambda prompt: "Lamps lie in crates.",
        fail={1: LLMTimeoutError("slow")},
    )
    cm = manager(llm)
    talk(cm, 7)
    assert summaries(cm)[0].metadata["degraded"] == "LLMTimeoutError"
    assert summaries(cm)[0].text.strip()
    assert cm.build("Which crates?").degraded == ("llm",)
    assert cm.get_stats()["llm"]["troubles"] == {"summaries": "LLMTimeoutError"}

    talk(cm, 6)
    assert cm.build("Which crates?").degraded == ()


def test_what_is_not_shown_is_not_called_degraded():
    llm = OnceOnly([LLMTimeoutError("slow")])
    cm = manager(llm)
    talk(cm, 6)
    cm.config.memory.summaries = False
    assert cm.build("Which crates?").degraded == ()


def test_an_open_circuit_is_told_in_every_partition():
    llm = OnceOnly([LLMTimeoutError("slow")])
    cm = manager(llm)
    talk(cm, 12)
    assert cm.get_stats()["llm"]["circuit_open"]
    assert cm.scoped(user_id="another").build("Which crates?").degraded == ("llm",)
    calls = len(llm.calls)
    talk(cm, 6)
    assert len(llm.calls) == calls


@pytest.mark.parametrize(
    "spend",
    [
        SpendConfig(calls_in_total=2),
        SpendConfig(tokens_per_hour=1000),
        SpendConfig(calls_per_user=2),
    ],
)
def test_at_the_limit_summaries_go_on_without_the_model(spend):
    llm = OnceOnly(lambda prompt: "Lamps lie in crates.")
    cm = manager(llm, spend)
    talk(cm, 30)
    methods = [entry.metadata["method"] for entry in summaries(cm, "chunk")]
    assert {"llm", "extractive"} == {*methods}
    assert len(llm.calls) <= 4
    told = cm.get_stats()["llm"]
    assert told["spent"]["calls"] == len(llm.calls)
    assert told["spent"]["tokens"] <= (spend.tokens_per_hour or 10**9)
    assert sum(line["refused"] for line in told["ledger"]) > 0
    assert told["troubles"] == {"summaries": "SpendLimitError"}
    assert cm.build("Which crates?").degraded == ("llm",)

    cm.config.spend = SpendConfig()
    talk(cm, 6)
    assert cm.build("Which crates?").degraded == ()


def test_what_one_call_sets_off_is_bounded():
    llm = OnceOnly(lambda prompt: "Lamps lie in crates.")
    cm = manager(llm, SpendConfig(calls_per_turn=1))
    messages = [Message("user", f"Crate {n} holds {n + 100} lamps.") for n in range(30)]
    cm.observe_batch(TurnInput((message,)) for message in messages)
    assert cm.engine.background.drain(120)
    assert len(llm.calls) == 1
    assert len(summaries(cm, "chunk")) > 1


def test_one_users_limit_leaves_the_others_their_own():
    llm = OnceOnly(lambda prompt: "Lamps lie in crates.")
    cm = manager(llm, SpendConfig(calls_per_user=1))
    talk(cm.scoped(user_id="first"), 12)
    talk(cm.scoped(user_id="second"), 12)
    assert len(llm.calls) == 2


def test_the_ledger_counts_money_where_prices_are_known():
    llm = OnceOnly(lambda prompt: "Lamps lie in crates.")
    llm.model = "scripted-1"
    cm = manager(llm, SpendConfig(prices={"scripted-1": (1.0, 2.0)}))
    talk(cm, 6)
    (line,) = cm.get_stats()["llm"]["ledger"]
    expected = (line["prompt_tokens"] * 1.0 + line["completion_tokens"] * 2.0) / 1_000_000
    assert (line["purpose"], line["cost"]) == ("summary.chunk", pytest.approx(expected))


def test_neither_observe_nor_build_waits_for_a_model():
    gate, asked = threading.Event(), threading.Event()

    def answer(prompt: str) -> str:
        asked.set()
        gate.wait(120)
        return "Lamps lie in crates."

    cm = manager(OnceOnly(answer))
    for number in range(12):
        cm.observe(f"Crate {number} holds {number + 100} lamps.", "Counted.")
    assert asked.wait(120)
    assert "Crate 3 holds 103 lamps." in cm.build_context("What does crate 3 hold?")
    assert summaries(cm) == []
    gate.set()
    assert cm.engine.background.drain(120)
    assert summaries(cm)


def test_with_summaries_off_turns_leave_without_one_and_no_model_is_asked(tmp_path):
    llm = OnceOnly(["Lamps lie in crates."])
    settings = Config(memory=MemoryConfig(**SHORT, summaries=False))
    with ContextManager.open(tmp_path / "m.db", settings) as cm:
        cm.embedding_provider = HashEmbedder()
        cm.summarizer.llm_adapter = llm
        talk(cm, 12)
        assert summaries(cm) == []
        assert llm.calls == []
        assert cm.short_term_memory.fallen_tokens < 40
        found = cm.search("What does crate number 1 hold?", kinds=["message"])
        assert "number 1 holds 101" in found[0].entry.text
    with ContextManager.open(tmp_path / "m.db", settings) as again:
        assert again.short_term_memory.fallen_tokens < 40


def test_chunks_become_sessions_and_sessions_of_one_topic_a_topic():
    cm = manager()
    for session in range(4):
        talk(cm.scoped(session_id=f"s{session}"), 20, "crate")
    (topic,) = summaries(cm, "topic")
    sessions = [e for e in summaries(cm, "session") if e.superseded_by is None]
    assert {*topic.source_ids} <= {e.id for e in summaries(cm, "session")}
    assert len({cm.get(i).scope.session_id for i in topic.source_ids}) == 4
    assert sessions
    assert cm.get(topic.source_ids[0]) in cm.expand(topic.id)
    for session in sessions:
        assert all(e.metadata["level"] in ("chunk", "session") for e in cm.expand(session.id))
    shown = cm.scoped(session_id="s3").build("Which crates?")
    assert topic.id not in {slot.entry_id for slot in shown.slots}


def test_forgetting_everything_under_a_topic_leaves_nothing_of_it():
    cm = manager()
    for session in range(4):
        talk(cm.scoped(session_id=f"s{session}"), 20, "crate")
    (topic,) = summaries(cm, "topic")
    message = next(
        e for e in cm.long_term_memory.entries if "number 3 holds" in e.text and e.kind == "message"
    )
    cm.forget(message.id)
    left = {entry.id for entry in cm.long_term_memory.entries}
    assert topic.id not in left or message.id not in _below(cm, topic.id)
    cm.forget(everything=True)
    assert list(cm.long_term_memory.entries) == []


def _below(cm: ContextManager, entry_id: str) -> set[str]:
    found = {entry_id}
    for entry in cm.expand(entry_id):
        if entry.id not in found:
            found |= _below(cm, entry.id) if entry.source_ids else {entry.id}
    return found


def test_forgetting_empties_the_cache_of_answers():
    cm = manager(OnceOnly(lambda prompt: "Lamps lie in crates."))
    talk(cm, 6)
    (guard,) = cm.engine.guards()
    assert len(guard.cache) > 0
    cm.forget(cm.search("crate", k=1)[0].entry.id)
    assert len(guard.cache) == 0


def test_a_summarizers_own_methods_are_honoured_and_may_fail():
    class Own(HierarchicalSummarizer):
        def summarize_chunk(self, turns):
            if any("number 1 " in turn.text for turn in turns):
                raise ValueError("no")
            return f"{len(turns)} turns about crates"

    cm = manager()
    cm.summarizer = Own()
    talk(cm, 12)
    texts = {entry.metadata["method"]: entry.text for entry in summaries(cm, "chunk")}
    assert "turns about crates" in texts["custom"]
    assert texts["extractive"].strip()


@pytest.mark.parametrize("answer", ["", None, 7, ValueError("no")])
def test_a_foreign_summarizer_that_gives_nothing_usable_changes_nothing(answer):
    class Foreign:
        def summarize_chunk(self, turns):
            if isinstance(answer, Exception):
                raise answer
            return answer

    cm = manager()
    cm.summarizer = Foreign()
    talk(cm, 12)
    assert summaries(cm) == []
    assert len(cm.short_term_memory.pending) > 0
    assert "number 2 holds 102" in cm.build_context("What does crate number 2 hold?")


def test_no_model_named_means_the_providers_own_default():
    for provider, expected in (("anthropic", "claude"), ("openai", "gpt")):
        adapter = ContextManager(Config(llm=LLMConfig(provider=provider, api_key="k"))).llm_adapter
        assert adapter.model.startswith(expected)


def test_a_registered_model_is_guarded_from_the_start():
    register_llm_adapter("scripted-for-test", lambda **_: OnceOnly(["Lamps lie in crates."]))
    cm = ContextManager(
        Config(llm=LLMConfig(provider="scripted-for-test"), memory=MemoryConfig(**SHORT))
    )
    cm.embedding_provider = HashEmbedder()
    talk(cm, 6)
    assert cm.get_stats()["llm"]["spent"]["calls"] == len(cm.llm_adapter.calls) > 0


@pytest.mark.parametrize("value", [-1, "many", True])
def test_a_limit_that_cannot_be_is_refused_by_name(value):
    with pytest.raises(ConfigError, match=r"spend\.calls_per_turn"):
        Config(spend=SpendConfig(calls_per_turn=value)).check()

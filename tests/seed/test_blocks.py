"""Each Python block of the specification runs as it stands, and does what it can do as written.

Some blocks have slips of their own (see `test_mistakes`); here they are held only to what their
code does, on our classes underneath.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sqlite3
from pathlib import Path

import pytest

SAME = ("the same question again", "the same answer again")


def add_turns(memory, count):
    return [memory.add_turn(*SAME) for _ in range(count)]


def test_custom_lru_memory_evicts_down_to_its_capacity(run_block):
    memory = run_block("short_term_memory").LRUShortTermMemory(max_tokens=8000)
    turns = add_turns(memory, 4)
    assert memory.get_recent_turns(4) == turns
    assert len(memory.access_times) == 4

    memory.max_tokens = 2 * turns[0].token_count
    newest = memory.add_turn(*SAME)

    assert list(memory.turns) == [turns[3], newest]
    assert memory.current_tokens == memory.max_tokens
    assert len(memory.access_times) == 1


def test_custom_priority_memory_evicts_down_to_its_capacity(run_block):
    memory = run_block("short_term_memory").PriorityShortTermMemory(max_tokens=8000)
    for priority in (0.5, 2.0, 1.0):
        memory.add_turn_with_priority(*SAME, priority=priority)
    assert sorted(memory.priorities.values()) == [0.5, 1.0, 2.0]

    memory.max_tokens = memory.current_tokens
    memory.add_turn_with_priority(*SAME)

    assert len(memory.turns) == 3
    assert memory.current_tokens == memory.max_tokens
    assert sorted(memory.priorities.values()) == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("kind", ["LRUShortTermMemory", "PriorityShortTermMemory"])
def test_custom_short_term_memory_works_inside_a_manager(run_block, kind):
    from context_manager import ContextManager

    cm = ContextManager()
    cm.short_term_memory = getattr(run_block("short_term_memory"), kind)()
    cm.observe("My locker is number 4711.", "Noted.")

    assert len(cm.short_term_memory.turns) == 1
    assert "4711" in cm.build_context("Which locker is mine?")


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
def test_custom_sqlite_memory_stores_and_finds(run_block, tmp_path):
    memory = run_block("long_term_memory").SQLiteLongTermMemory()
    first = memory.add_memory("The boiler was serviced in March.", {"room": "cellar"})
    second = memory.add_memory("Tomatoes need six hours of sun.")

    assert first.startswith("mem_")
    assert first != second
    assert [entry.text for entry, _ in memory.search("When was the boiler serviced?", k=1)] == [
        "The boiler was serviced in March."
    ]
    assert memory.index.ntotal == len(memory.entries) == 2
    stats = memory.get_stats()
    assert stats["database_entries"] == stats["num_entries"] == 2
    assert stats["database_path"] == "memory.db"
    with sqlite3.connect(tmp_path / "memory.db") as connection:
        rows = connection.execute("SELECT metadata, length(embedding) FROM memories").fetchall()
    connection.close()
    assert rows == [('{"room": "cellar"}', 4 * memory.dimension), ("{}", 4 * memory.dimension)]
    gc.collect()  # the sketch closes no connection; from Python 3.13 on that is a warning, here


@pytest.mark.parametrize("domain", ["technical", "business", "creative"])
def test_custom_summarizer_asks_the_model_in_its_own_words(run_block, llm, domain):
    from context_manager.memory.short_term import ShortTermMemory

    block = run_block("summarizer")
    turn = ShortTermMemory().add_turn("Which database?", "PostgreSQL, with a read replica.")
    summarizer = getattr(block, f"{domain}_summarizer")

    assert summarizer.summarize_chunk([turn]) == "A short answer."
    assert summarizer.summarize_hierarchically(["one", "two"]) == "A short answer."
    chunk, whole = llm.prompts
    assert f"Summarize this {domain} conversation" in chunk
    assert turn.text in chunk
    assert "- one\n\n- two" in whole
    assert [request["max_tokens"] for request in llm.requests] == [500, 800]
    assert [request["temperature"] for request in llm.requests] == [0.3, 0.3]


def test_custom_summarizer_falls_back_when_the_model_fails(run_block, llm, capsys):
    from context_manager.memory.short_term import ShortTermMemory

    llm.status = 401
    block = run_block("summarizer")
    turn = ShortTermMemory().add_turn("Which database?", "PostgreSQL, with a read replica.")

    assert "PostgreSQL" in block.technical_summarizer.summarize_chunk([turn])
    assert "Domain-specific summarization failed" in capsys.readouterr().out


def test_async_sketch_builds_observes_and_offloads(run_block):
    block = run_block("async")
    assert asyncio.run(block.async_agent_example()).startswith("Response to: \n")

    async def long_talk():
        cm = block.AsyncContextManager()
        await cm.observe_async("Our gate code is 7319.", "I will remember it.")
        await cm.observe_async("And the alarm code is 2468.", "Noted.")
        built = await cm.build_context_async("What is the gate code?")
        await cm._summarize_and_offload_async()
        return cm, built

    cm, built = asyncio.run(long_talk())
    assert built.startswith("Recent conversation:")
    assert "Our gate code is 7319." in built
    assert built.endswith("Current user input: What is the gate code?")
    assert len(cm.short_term_memory.turns) == 0
    *said, summary = cm.long_term_memory.entries
    assert [entry.kind for entry in said] == ["message"] * 4  # journalled, as by `observe`
    assert summary.metadata["num_turns"] == 2
    assert "code" in summary.text
    assert summary.text in dict(cm.query_memory("Which code was it?"))


def test_batch_sketch_answers_every_question_in_some_order(run_block, capsys):
    block = run_block("batch")
    assert len(block.contexts) == len(block.inputs) == 4
    assert {built.rpartition("Current user input: ")[2] for built in block.contexts} == set(
        block.inputs
    )
    assert len(block.results) == 4
    assert "Query: timeline" in capsys.readouterr().out

    ids = block.batch_cm.add_memory_batch([(f"Fact {n}", {"n": n}) for n in range(8)])
    assert len({*ids}) == 8
    assert all(id_.startswith("mem_") for id_ in ids)
    found = block.batch_cm.query_memory_batch(["Fact 1", "Fact 2"], k=3)
    assert [len(results) for results in found] == [3, 3]


def check_web_routes(client, body_of):
    """The five routes, by a client with `get` and `post(json=...)`; the same on both frameworks."""
    added = body_of(
        client.post(
            "/memory/add", json={"text": "The cat is called Biscuit.", "metadata": {"n": 1}}
        )
    )
    assert added["success"] is True
    assert added["memory_id"].startswith("mem_")

    reply = body_of(client.post("/chat", json={"message": "What is the cat called?"}))
    assert reply["response"].strip() == "A short answer."
    assert reply["context_length"] > len("What is the cat called?")
    assert reply["memory_stats"]["short_term_memory"]["num_turns"] == 1

    found = body_of(client.post("/memory/query", json={"query": "name of the cat", "k": 5}))
    assert "The cat is called Biscuit." in [result["text"] for result in found["results"]]
    assert all(0 <= result["score"] <= 1 for result in found["results"])

    assert body_of(client.get("/memory/stats"))["long_term_memory"]["num_entries"] >= 1
    assert body_of(client.post("/memory/clear")) == {"success": True}
    cleared = body_of(client.get("/memory/stats"))
    assert cleared["short_term_memory"]["num_turns"] == 0
    assert cleared["long_term_memory"]["num_entries"] == 0


def test_flask_application_serves_its_routes(run_block, llm):
    client = run_block("flask").app.test_client()
    check_web_routes(client, lambda response: response.get_json())
    assert "The cat is called Biscuit." in llm.prompts[0]


def test_fastapi_application_serves_its_routes(run_block, llm):
    from fastapi.testclient import TestClient

    with TestClient(run_block("fastapi").app) as client:
        check_web_routes(client, lambda response: response.json())
    assert "The cat is called Biscuit." in llm.prompts[0]


def test_custom_llm_adapter_reaches_its_endpoint(run_block, llm):
    from context_manager import ContextManager

    block = run_block("llm_adapter")
    adapter = block.CustomLLMAdapter(api_key="a-key", model="own-model", base_url=llm.url)

    assert adapter.generate_sync("sync", max_tokens=7) == llm.reply
    assert asyncio.run(adapter.generate("async", temperature=0.1)) == llm.reply
    assert llm.prompts == ["sync", "async"]
    assert [request["max_tokens"] for request in llm.requests] == [7, 1000]

    cm = ContextManager(block.config)
    cm.llm_adapter = adapter
    cm.observe("hello", "hi")
    assert "hello" in cm.build_context("again?")
    assert cm.config.llm.provider == "custom"


def test_adaptive_sketch_measures_and_adapts(run_block, capsys):
    block = run_block("adaptive")
    assert block.stats["total_metrics"] == 100
    assert block.stats["errors"] == 0
    assert block.stats["avg_build_time"] > 0
    assert block.stats["avg_context_length"] > len("Test input 99")
    assert "Adaptation stats:" in capsys.readouterr().out

    cm = block.adaptive_cm
    cm.performance_metrics = [{"build_time": 2.0, "context_length": 10}]
    cm._adapt_configuration()
    assert (cm.config.memory.recent_k, cm.config.memory.ltm_hits_k) == (4, 6)
    assert "Test input 99" in cm.build_context("And now?")


def test_monitored_sketch_reports_exports_and_logs(run_block, monkeypatch, capsys):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])  # as in a fresh process, so basicConfig takes effect
    monkeypatch.setattr(root, "level", root.level)
    try:
        block = run_block("monitored")
        log = Path("context_manager.log").read_text(encoding="utf-8")
    finally:
        for handler in root.handlers:
            handler.close()

    assert block.report["performance"]["total_operations"] == 50
    assert block.report["errors"] == {
        "error_rate": 0.0,
        "total_errors": 0,
        "recent_errors": 0,
        "error_types": [],
    }
    assert block.report["memory"]["current_stm_turns"] > 0
    assert block.report["configuration"]["prompt_token_budget"] == 12000
    exported = json.loads(Path("monitoring_data.json").read_text(encoding="utf-8"))
    assert exported["monitoring_report"] == block.report
    assert len(exported["performance_history"]) == 50
    assert log.count("Context built successfully") == 50
    assert "Error in iteration" not in capsys.readouterr().out

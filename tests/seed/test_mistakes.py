"""Each mistake in the specification's sketches, as a claim that our own classes keep.

Numbered as in the design's list of them. Those about HTTP belong to the service, and come with it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from context_manager import (
    AsyncContextManager,
    BatchContextManager,
    Config,
    ContextManager,
    LLMConfig,
    MemoryConfig,
)
from context_manager.errors import BudgetError, LLMError
from context_manager.llm.adapters import LLMAdapter, create_llm_adapter, register_llm_adapter
from context_manager.memory.eviction import LRUShortTermMemory, PriorityShortTermMemory
from context_manager.memory.long_term import LongTermMemory, MemoryEntry, SQLiteLongTermMemory
from context_manager.memory.short_term import ShortTermMemory


def small(**memory: object) -> Config:
    """Settings with little short-term memory, so that turns leave it soon."""
    return Config(memory=MemoryConfig(**{"stm_capacity": 60, "chunk_size": 40, **memory}))


def in_a_fresh_process(code: str) -> dict[str, object]:
    """Run code in a new interpreter with no key in its environment; it prints one JSON object."""
    child = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether background work makes the condition true within a generous limit."""
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_01_turns_that_leave_short_term_memory_are_summarised_and_stay_findable():
    cm = ContextManager(small())
    for number in range(12):
        cm.observe(f"Parcel {number} came from sender number {number * 37}.", "I wrote it down.")

    assert cm.short_term_memory.current_tokens <= 60
    left = 12 - len(cm.short_term_memory.turns)
    assert left > 0
    for number in range(12):
        texts = [text for text, _ in cm.query_memory(f"Who sent parcel {number}?", k=12)]
        assert any(f"sender number {number * 37}." in text for text in texts)

    def summaries() -> list[MemoryEntry]:
        return [entry for entry in cm.long_term_memory.entries if entry.kind == "summary"]

    assert eventually(lambda: bool(summaries()))
    sources = {entry.id: entry.text for entry in cm.expand(summaries()[0].id)}
    assert any("Parcel 0 " in text for text in sources.values())


@pytest.mark.parametrize("kind", [ShortTermMemory, LRUShortTermMemory, PriorityShortTermMemory])
def test_02_add_turn_returns_the_turn(kind):
    memory = kind(max_tokens=100)
    turn = memory.add_turn("a question", "an answer")
    assert list(memory.turns) == [turn]
    assert (turn.user_input, turn.assistant_response) == ("a question", "an answer")


def test_03a_lru_evicts_the_least_recently_used_even_if_nothing_was_ever_read():
    memory = LRUShortTermMemory(max_tokens=1000)
    turns = [memory.add_turn(f"question {name}", "an answer") for name in "abc"]
    memory.get_recent_turns(2)
    memory.max_tokens = memory.current_tokens
    newest = memory.add_turn("question d", "an answer")
    assert list(memory.turns) == [turns[1], turns[2], newest]

    unread = LRUShortTermMemory(max_tokens=2 * turns[0].token_count)
    kept = [unread.add_turn(f"question {name}", "an answer") for name in "abc"]
    assert list(unread.turns) == kept[1:]


def test_03b_priority_evicts_the_lowest_and_of_equals_the_oldest():
    memory = PriorityShortTermMemory(max_tokens=1000)
    turns = {
        name: memory.add_turn_with_priority(f"question {name}", "an answer", priority=priority)
        for name, priority in {"a": 2.0, "b": 1.0, "c": 1.0, "d": 3.0}.items()
    }
    memory.max_tokens = memory.current_tokens
    newest = memory.add_turn_with_priority("question e", "an answer", priority=2.0)
    assert list(memory.turns) == [turns["a"], turns["c"], turns["d"], newest]


def test_04_sqlite_memory_survives_reopening(tmp_path):
    path = str(tmp_path / "memory.db")
    SQLiteLongTermMemory(path).add_memory("The vault opens at nine.", {"place": "bank"})

    again = SQLiteLongTermMemory(path)
    assert len(again) == again.get_stats()["num_entries"] == 1
    ((entry, score),) = again.search("When does the vault open?", k=3)
    assert (entry.text, dict(entry.metadata)) == ("The vault opens at nine.", {"place": "bank"})
    assert 0 <= score <= 1


def test_05_row_i_of_the_index_is_entry_i_even_when_a_subclass_appends_by_hand():
    memory = LongTermMemory()
    memory.add_memory("The first, by the usual way.")
    vector = memory.embedding_provider.embed_single("The piano tuner comes on Friday.")
    memory.entries.append(
        MemoryEntry(
            id="mem_by_hand",
            text="The piano tuner comes on Friday.",
            embedding=vector,
            metadata={},
            timestamp=time.time(),
        )
    )
    memory.index.add(vector.reshape(1, -1))
    memory.add_memory("The third, by the usual way.")

    assert memory.index.ntotal == len(memory.entries) == 3
    best, _ = memory.search("Who comes on Friday to tune the piano?", k=1)[0]
    assert best.id == "mem_by_hand"
    for entry in list(memory.entries):
        assert memory.search(entry.text, k=1)[0][0].id == entry.id


def test_06_batches_come_in_input_order_whichever_ends_first():
    class Uneven(BatchContextManager):
        def query_memory(self, query, k=5):
            if query == "first":
                assert second_done.wait(120)
            if query == "second":
                second_done.set()
            return [(query, 1.0)]

    second_done = threading.Event()
    assert Uneven().query_memory_batch(["first", "second"]) == [[("first", 1.0)], [("second", 1.0)]]


def test_07_managers_and_adapters_are_made_at_import_time_with_nothing_at_hand():
    loaded = in_a_fresh_process("""
        import json, os, sys
        for name in [name for name in os.environ if name.endswith("_API_KEY")]:
            del os.environ[name]
        from context_manager import ContextManager
        from context_manager.llm.adapters import create_llm_adapter
        cm = ContextManager()
        adapter = create_llm_adapter("openai", api_key=None)
        heavy = ["openai", "anthropic", "onnxruntime", "tokenizers", "tiktoken", "torch"]
        print(json.dumps({name: name in sys.modules for name in heavy}))
    """)
    assert not any(loaded.values()), loaded


def test_08_any_provider_name_is_legal_and_can_be_registered():
    cm = ContextManager(Config(llm=LLMConfig(provider="a-name-nobody-registered")))
    cm.observe("hello", "hi")
    assert "hello" in cm.build_context("again?")

    class Parrot(LLMAdapter):
        def __init__(self, api_key: str | None = None, model: str = "", **options: object) -> None:
            self.model = model

        async def generate(self, prompt: str, **kwargs: object) -> str:
            return self.generate_sync(prompt)

        def generate_sync(self, prompt: str, **kwargs: object) -> str:
            return f"{self.model} says {prompt}"

    register_llm_adapter("parrot", Parrot)
    assert create_llm_adapter("parrot", model="polly").generate_sync("hi") == "polly says hi"
    with pytest.raises(LLMError):
        create_llm_adapter("none").generate_sync("hi")


def test_09_users_do_not_share_a_memory():
    cm = ContextManager()
    ann, bob = (cm.scoped(user_id=user, session_id="one") for user in ("ann", "bob"))
    ann.observe("My pin is 8642.", "I keep it to myself.")
    ann.add_memory("Ann's blood type is B negative.")
    bob.observe("Tell me a joke.", "Why did the chicken cross the road?")

    assert "8642" in ann.scoped(session_id="two").build_context("What is my pin?")
    for other in (bob, bob.scoped(session_id="two"), cm):
        built = other.build_context("What is my pin, and my blood type?")
        assert "8642" not in built
        assert "negative" not in built
        assert not any("8642" in text for text, _ in other.query_memory("What is my pin?", k=50))


def test_10_the_current_input_is_never_cut():
    cm = ContextManager()
    for number in range(20):
        cm.observe(f"Line {number} of a long conversation about gardens.", "Go on, please.")
    question = "Which line was about gardens, and was there any that was about the sea? " * 3
    alone = cm.token_counter.count_tokens(f"Current user input: {question}")

    for budget in (alone + 5, alone + 50, 10 * alone):
        cm.config.memory.prompt_token_budget = budget
        built = cm.build_context(question)
        assert built.endswith(question)
        assert cm.token_counter.count_tokens(built) <= budget
    cm.config.memory.prompt_token_budget = alone - 10
    with pytest.raises(BudgetError) as raised:
        cm.build_context(question)
    assert raised.value.budget == alone - 10 < raised.value.needed


def test_12_background_work_outlives_the_call_that_asked_for_it():
    async def talk():
        cm = AsyncContextManager(small())
        for number in range(12):
            await cm.observe_async(f"Parcel {number} came.", "I wrote it down.")
        gc.collect()
        await cm.run_async(cm.engine.background.drain)
        summaries = [entry for entry in cm.long_term_memory.entries if entry.kind == "summary"]
        await cm.aclose()
        return summaries

    assert asyncio.run(talk())


def test_13_one_session_cannot_crowd_out_another():
    cm = ContextManager(Config(memory=MemoryConfig(recall="session")))
    loud, quiet = (cm.scoped(session_id=name) for name in ("loud", "quiet"))
    quiet.add_memory("The spare key is under the blue flower pot.")
    for number in range(60):
        loud.add_memory(f"Where the spare key is: under pot number {number}.")

    found = quiet.search("Where is the spare key?", k=3)
    assert [hit.entry.text for hit in found] == ["The spare key is under the blue flower pot."]


def test_14_logging_is_left_to_the_application():
    state = in_a_fresh_process("""
        import json, logging
        from context_manager import ContextManager
        cm = ContextManager()
        cm.observe("hello", "hi")
        cm.build_context("again?")
        ours = [name for name in logging.root.manager.loggerDict if "context_manager" in name]
        handlers = [h for name in ours for h in logging.getLogger(name).handlers]
        print(json.dumps({
            "root handlers": len(logging.root.handlers),
            "root level": logging.root.level,
            "our handlers": [type(h).__name__ for h in handlers],
        }))
    """)
    assert state["root handlers"] == 0
    assert state["root level"] == 30
    assert {*state["our handlers"]} <= {"NullHandler"}


def test_16_sqlite_memory_finds_words_that_vectors_miss_and_never_reuses_an_id(tmp_path):
    class Indifferent:
        """Every text has one and the same vector, so only words can tell them apart."""

        dimension = 8

        def get_dimension(self) -> int:
            return self.dimension

        def embed_single(self, text: str) -> np.ndarray:
            return self.embed([text])[0]

        def embed(self, texts: list[str]) -> np.ndarray:
            rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
            rows[:, 0] = 1.0
            return rows

    path = str(tmp_path / "memory.db")
    memory = SQLiteLongTermMemory(path, dimension=8, embedding_provider=Indifferent())
    ids = [memory.add_memory(f"Nothing of note happened on day {day}.") for day in range(20)]
    ids.append(memory.add_memory("The serial number is ZX-9931-K."))
    assert memory.search("ZX-9931-K", k=1)[0][0].id == ids[-1]

    again = SQLiteLongTermMemory(path, dimension=8, embedding_provider=Indifferent())
    ids.append(again.add_memory("One more after reopening."))
    assert len({*ids}) == len(ids) == 22

"""Batches: order, one embedding call, one transaction, failures by themselves, progress."""

from __future__ import annotations

import threading

import pytest

from context_manager import (
    BatchContextManager,
    BatchError,
    Config,
    ContextManager,
    NoteInput,
    TurnInput,
)
from context_manager.config import EmbeddingConfig
from context_manager.errors import (
    BudgetError,
    ConfigError,
    ContextManagerError,
    InputError,
    ScopeError,
    StoreFullError,
)
from context_manager.manager import outcomes
from context_manager.memory.long_term import LongTermMemory
from context_manager.records import Message
from context_manager.testing.embedders import HashEmbedder
from support.counting import CountingEmbedder, CountingStore


def quick(**options: object) -> Config:
    return Config(embedding=EmbeddingConfig("hash"), **options)


@pytest.fixture
def counted():
    """A manager whose embedder and store count."""
    cm = ContextManager(quick(), store=CountingStore())
    cm.embedding_provider = CountingEmbedder()
    with cm:
        yield cm, cm.embedding_provider, cm.archive.store


def test_prompts_come_in_the_order_of_the_inputs_however_long_each_takes():
    class Slow(BatchContextManager):
        """The first input waits for the last."""

        def __init__(self) -> None:
            super().__init__(quick(), max_workers=4)
            self.last = threading.Event()

        def build_context(self, user_input: str) -> str:
            if user_input == "first":
                assert self.last.wait(120)
            built = super().build_context(user_input)
            if user_input == "last":
                self.last.set()
            return built

    inputs = ["first", "second", "third", "last"]
    with Slow() as cm:
        built = cm.build_context_batch(inputs)
    assert [text.rpartition("Current user input: ")[2] for text in built] == inputs


def test_all_inputs_of_a_batch_are_embedded_in_one_call(counted):
    cm, embedder, _ = counted
    cm.add_memory_batch([f"Tree {n} is an oak." for n in range(50)])
    embedder.calls.clear()
    cm.build_context_batch([f"Which tree is number {n}?" for n in range(20)] * 2)
    cm.query_memory_batch([f"Is tree {n} an oak?" for n in range(20)])
    assert [len(call) for call in embedder.calls] == [20, 20]


def test_a_written_batch_is_one_transaction_and_one_embedding_call(counted):
    cm, embedder, store = counted
    cm.add_memory_batch([f"Tree {n} is an oak." for n in range(100)])
    assert store.written == [100]
    assert [len(call) for call in embedder.calls] == [100]

    store.changes.clear()
    embedder.calls.clear()
    cm.observe_batch([(f"Tree {n} fell.", f"How sad for tree {n}.") for n in range(60)])
    assert store.written == [60]
    assert [len(call) for call in embedder.calls] == [120]


def test_a_long_batch_is_done_in_portions(counted):
    cm, _, store = counted
    told: list[int] = []
    count = outcomes.PORTION + 3
    cm.observe_batch(((f"Tree {n}.", "") for n in range(count)), progress=told.append)
    assert store.written == [outcomes.PORTION, 3]
    assert told == [outcomes.PORTION, count]


def test_progress_counts_every_item_once_failed_ones_too():
    told: list[int] = []
    with ContextManager(quick()) as cm:
        cm.build_context_batch(
            ["a", "long " * 20_000, "c"], progress=told.append, return_exceptions=True
        )
    assert told == [1, 2, 3]


def test_one_failure_costs_the_others_nothing_and_is_named():
    with ContextManager(quick()) as cm:
        with pytest.raises(
            BatchError, match=r"2 of 4 items failed: 1 \(BudgetError\), 3"
        ) as caught:
            cm.build_context_batch(["a", "long " * 20_000, "c", "far " * 20_000])
        assert {place: type(error) for place, error in caught.value.errors.items()} == {
            1: BudgetError,
            3: BudgetError,
        }
        assert caught.value.results[0].endswith("a")
        assert caught.value.results[1] is None
        assert caught.value.results[2].endswith("c")


def test_what_could_be_stored_of_a_batch_is_stored():
    with ContextManager(quick()) as cm:
        with pytest.raises(BatchError) as caught:
            cm.add_memory_batch([("Kept.", None), (" ", None), 7, ("Kept too.", {"n": 1})])
        assert set(caught.value.errors) == {1, 2}
        assert all(isinstance(error, InputError) for error in caught.value.errors.values())
        texts = [cm.get(id_).text for id_ in caught.value.results if id_]
        assert texts == ["Kept.", "Kept too."]
        assert len(cm.long_term_memory.entries) == 2


def test_an_item_that_only_the_store_refuses_fails_alone(counted):
    cm, _, store = counted

    def refuse(change):
        bad = any("poison" in draft.entry.text for draft in change.entries)
        return InputError("no poison here") if bad else None

    store.refuse = refuse
    texts = [f"Bottle {n}." for n in range(9)]
    texts[4] = "A bottle of poison."
    ids = cm.add_memory_batch(texts, return_exceptions=True)
    assert isinstance(ids[4], InputError)
    assert [cm.get(id_).text for id_ in ids if isinstance(id_, str)] == texts[:4] + texts[5:]


def test_a_full_disk_is_said_of_every_item_it_concerns(counted):
    cm, _, store = counted
    store.refuse = lambda change: StoreFullError("no space left") if change.turns else None
    with pytest.raises(BatchError) as caught:
        cm.observe_batch([("One.", ""), ("", ""), ("Three.", "")])
    kinds = [type(caught.value.errors[place]) for place in range(3)]
    assert kinds == [StoreFullError, InputError, StoreFullError]


def test_a_broken_embedder_loses_nothing_of_a_batch(counted):
    cm, embedder, _ = counted
    embedder.broken = True
    ids = cm.add_memory_batch(["The well is deep.", "The lake is shallow."])
    assert all("well" in text for text in cm.build_context_batch(["deep well"] * 3))
    embedder.broken = False
    assert {entry.id for entry in cm.long_term_memory.entries} == {*ids}
    assert not cm.build("deep well").degraded


def test_any_error_of_an_override_is_reported_like_ours():
    class Picky(ContextManager):
        def query_memory(self, query, k=5):
            if query == "bad":
                raise ZeroDivisionError
            return super().query_memory(query, k)

    with Picky(quick()) as cm:
        results = cm.query_memory_batch(["good", "bad", "good"], return_exceptions=True)
    assert [type(result) for result in results] == [list, ZeroDivisionError, list]


def test_overrides_of_single_calls_are_honoured_by_batches():
    class Loud(ContextManager):
        def add_memory(self, text, metadata=None):
            return super().add_memory(text.upper(), metadata)

        def observe(self, user_input, assistant_response):
            return super().observe(user_input.upper(), assistant_response)

        def build(self, user_input, **options):
            return super().build(user_input.upper(), **options)

    with Loud(quick()) as cm:
        cm.add_memory_batch(["a note", ("another", {"n": 1})])
        turns = cm.observe_batch([("hello", "hi"), TurnInput((Message("user", "as it is"),))])
        assert [entry.text for entry in cm.long_term_memory.entries][:2] == ["A NOTE", "ANOTHER"]
        assert [turn.user_text for turn in turns] == ["HELLO", "as it is"]
        assert cm.build_context_batch(["again?"])[0].endswith("AGAIN?")


def test_notes_go_into_a_long_term_memory_of_the_users_own():
    with ContextManager(quick()) as cm:
        own = LongTermMemory(64, HashEmbedder())
        cm.long_term_memory = own
        ids = cm.add_memory_batch(["First.", ("Second.", {"n": 2})])
        assert [entry.id for entry in own.entries] == ids


def test_batches_take_records_with_every_detail():
    with ContextManager(quick()) as cm:
        fact, note = cm.add_memory_batch(
            [NoteInput("The tap drips.", kind="fact", importance=0.9), "Call the plumber."]
        )
        assert (cm.get(fact).kind, cm.get(fact).importance) == ("fact", 0.9)
        assert cm.get(note).kind == "note"
        (turn,) = cm.observe_batch(
            [TurnInput((Message("user", "Hi"),), "elsewhere", 5.0, {"n": 1}, 2.0)]
        )
        assert (turn.timestamp, turn.priority, dict(turn.metadata)) == (5.0, 2.0, {"n": 1})
        there = cm.scoped(session_id="elsewhere").short_term_memory
        assert [turn.user_text for turn in there.turns] == ["Hi"]


def test_many_users_are_kept_apart_in_batches_too():
    with ContextManager(quick(multi_user=True)) as cm:
        for call in (cm.build_context_batch, cm.query_memory_batch, cm.add_memory_batch):
            with pytest.raises(ScopeError):
                call(["a"])
        assert cm.scoped(user_id="ann").build_context_batch(["a"])


def test_an_empty_batch_is_an_empty_list():
    with ContextManager(quick()) as cm:
        for method in (
            cm.build_context_batch,
            cm.build_batch,
            cm.query_memory_batch,
            cm.add_memory_batch,
            cm.observe_batch,
        ):
            assert method([]) == []


def test_workers_are_at_least_one():
    with pytest.raises(ConfigError, match="max_workers"):
        BatchContextManager(max_workers=0)


def test_a_batch_error_can_cross_processes():
    import pickle

    error = BatchError(["a", None], {1: InputError("empty")})
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert isinstance(again, ContextManagerError)
    assert (again.results, str(again)) == (error.results, str(error))
    assert str(again.errors[1]) == "empty"


def test_a_batch_leaves_working_sets_as_the_journal_gives_them(tmp_path):
    """Also of sessions that this process has not read yet, and of those that others went on in."""
    path = tmp_path / "memory.db"
    said = [
        TurnInput((Message("user", f"Parcel {number} came."),), f"s-{number % 3}")
        for number in range(30)
    ]

    def at_hand(cm: ContextManager) -> list[list[tuple[int, str]]]:
        memories = [cm.scoped(session_id=f"s-{n}").short_term_memory for n in range(3)]
        return [[(turn.seq, turn.text) for turn in memory.turns] for memory in memories]

    with ContextManager.open(path, quick()) as first, ContextManager.open(path, quick()) as second:
        first.observe_batch(said[:10])
        second.observe_batch(said[10:20])
        first.observe_batch(said[20:])
        with ContextManager.open(path, quick()) as fresh:
            assert at_hand(first) == at_hand(fresh)
            assert [len(turns) for turns in at_hand(fresh)] == [10, 10, 10]
        assert at_hand(second) == at_hand(first)


def test_batch_after_batch_the_store_is_looked_through_once(counted):
    cm, _, store = counted
    for number in range(3):
        cm.observe_batch([(f"Parcel {number} came.", "Good.")])
        cm.add_memory_batch([f"Parcel {number} is heavy"])
    assert store.looks == 1

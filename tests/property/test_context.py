"""The promises of a prompt, over random histories, budgets and inputs in all of Unicode.

`make test` tries each property 230 times, `make soak` 2,300 times. The embedder is a fast
deterministic double: what is proved here must hold whatever the vectors are.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_manager import Config, Context, ContextManager, MemoryConfig
from context_manager.errors import BudgetError
from context_manager.records.message import clean_text
from context_manager.testing.embedders import HashEmbedder
from support.histories import Noted, Pinned, Said, Step, budgets, histories, texts

EXAMPLES = 23 * settings().max_examples // 10
SECTIONS = ("pinned", "summary", "recent", "memory", "input")
LARGE = 1_000_000

property_test = settings(max_examples=EXAMPLES)

memory_settings = st.builds(
    MemoryConfig,
    stm_capacity=st.sampled_from([0, 30, 200, 8000]),
    chunk_size=st.sampled_from([20, 200, 2000]),
    recent_k=st.integers(0, 8),
    ltm_hits_k=st.integers(0, 10),
    fill_budget=st.booleans(),
    recency_weight=st.sampled_from([0.0, 0.3]),
    stm_eviction=st.sampled_from(["fifo", "lru", "priority"]),
)


def manager(memory: MemoryConfig) -> ContextManager:
    """A manager in memory with an embedder that costs nothing."""
    cm = ContextManager(Config(memory=memory))
    cm.embedding_provider = HashEmbedder()
    return cm


def replay(cm: ContextManager, history: Sequence[Step]) -> None:
    """Do what the history says."""
    for step in history:
        here = cm.scoped(session_id=step.session)
        match step:
            case Said(_, user_input, assistant_response):
                here.observe(user_input, assistant_response)
            case Noted(_, text):
                here.add_memory(text)
            case Pinned(_, text):
                here.pin(text)


def built(
    memory: MemoryConfig, history: Sequence[Step], question: str, budget: int
) -> tuple[ContextManager, Context | None]:
    """The manager after the history, and its prompt for the question, if it can fit at all."""
    cm = manager(memory)
    replay(cm, history)
    try:
        return cm, cm.scoped(session_id="one").build(question, budget=budget)
    except BudgetError:
        return cm, None


@property_test
@given(memory_settings, histories, texts, budgets)
def test_budget_is_kept_and_only_an_input_that_cannot_fit_is_refused(
    memory, history, question, budget
):
    cm, context = built(memory, history, question, budget)
    alone = manager(memory).build(question, budget=LARGE).tokens
    if context is None:
        assert alone > budget
        with pytest.raises(BudgetError) as raised:
            cm.scoped(session_id="one").build(question, budget=budget)
        assert (raised.value.budget, raised.value.needed) == (budget, alone)
    else:
        assert alone <= budget
        assert cm.token_counter.count_tokens(context.text) == context.tokens <= budget
        assert context.budget == budget


@property_test
@given(memory_settings, histories, texts, budgets)
def test_the_current_input_stands_whole_at_the_end(memory, history, question, budget):
    _, context = built(memory, history, question, budget)
    if context is not None:
        assert context.text.endswith(f"Current user input: {clean_text(question)}")
        assert not context.slots[-1].cut
        try:
            listed = context.messages()
        except BudgetError as error:  # framing a message costs more than the prompt's heading
            listed, needed = [], error.needed
            assert needed > budget
        else:
            assert listed[-1] == {"role": "user", "content": clean_text(question)}


@property_test
@given(memory_settings, histories, texts, budgets)
def test_an_input_is_cut_only_on_request_and_then_with_a_mark(memory, history, question, budget):
    memory.input_overflow = "middle_cut"
    cm, context = built(memory, history, question, budget)
    if context is None:
        return
    assert cm.token_counter.count_tokens(context.text) == context.tokens <= budget
    whole = context.text.endswith(f"Current user input: {clean_text(question)}")
    assert whole or context.slots[-1].cut
    if not whole:
        assert manager(memory).build(question, budget=LARGE).tokens > budget


@property_test
@given(memory_settings, histories, texts, budgets)
def test_costs_and_texts_of_the_slots_add_up_to_the_prompt(memory, history, question, budget):
    cm, context = built(memory, history, question, budget)
    if context is None:
        return
    assert "".join(slot.text for slot in context.slots) == context.text
    assert sum(slot.tokens for slot in context.slots) == context.tokens
    prefix, before = "", 0
    for slot in context.slots:
        prefix += slot.text
        total = cm.token_counter.count_tokens(prefix)
        assert slot.tokens == total - before
        assert slot.reason
        before = total


@property_test
@given(memory_settings, histories, texts, budgets)
def test_reading_order_is_kept(memory, history, question, budget):
    cm, context = built(memory, history, question, budget)
    if context is None:
        return
    places = [SECTIONS.index(slot.section) for slot in context.slots]
    assert places == sorted(places)
    assert places.count(SECTIONS.index("input")) == 1

    entries = {
        slot.entry_id: cm.get(slot.entry_id) for slot in context.slots if slot.entry_id is not None
    }
    for section in ("recent", "memory"):
        shown = [entries[slot.entry_id] for slot in context.slots if slot.section == section]
        for session in {entry.scope.session_id for entry in shown}:
            said = [
                (entry.seq, entry.place)
                for entry in shown
                if entry.scope.session_id == session and entry.kind == "message"
            ]
            assert said == sorted(said)
    assert len(entries) == sum(slot.entry_id is not None for slot in context.slots)


@property_test
@given(memory_settings, histories, texts, budgets)
def test_nothing_observed_is_out_of_reach(memory, history, question, budget):
    cm, context = built(memory, history, question, budget)
    shown = context.text if context is not None else ""
    other_session = cm.scoped(session_id="a new one")
    for step in history:
        for text in map(clean_text, step.texts):
            if text not in shown:
                found = other_session.search(text, k=len(history) * 3)
                assert text in [hit.entry.text for hit in found]


@property_test
@given(memory_settings, histories, st.integers(0, 11))
def test_a_text_is_found_among_the_first_by_what_only_it_says(memory, history, place):
    memory.ltm_hits_k = max(3, memory.ltm_hits_k)
    cm = manager(memory)
    replay(cm, history[:place])
    cm.observe("The code word is zyxomma47.", "I will keep it.")
    replay(cm, history[place:])
    context = cm.scoped(session_id="a new one").build("zyxomma47", budget=100_000)
    assert "The code word is zyxomma47." in context.text
    best = cm.search("zyxomma47", k=3)
    assert "The code word is zyxomma47." in [hit.entry.text for hit in best]


@property_test
@given(memory_settings, histories, texts, budgets)
def test_explain_gives_the_plan_of_the_prompt_that_was_built(memory, history, question, budget):
    cm, context = built(memory, history, question, budget)
    if context is not None and budget >= context.tokens:
        again = cm.scoped(session_id="one")
        again.config.memory.prompt_token_budget = budget
        assert again.build_context(question) == again.explain(question).text
        assert again.explain(question).slots == again.explain(question).slots


@property_test
@given(memory_settings, histories, histories, texts)
def test_users_see_nothing_of_each_other(memory, mine, theirs, question):
    cm = manager(memory)
    me, other = cm.scoped(user_id="me"), cm.scoped(user_id="other")
    replay(me, mine)
    alone = me.scoped(session_id="one").build(question, budget=100_000, now=2e9)
    replay(other, theirs)
    other.observe("The code word is zyxomma47.", "I will keep it.")
    context = me.scoped(session_id="one").build(question, budget=100_000, now=2e9)
    assert context.text == alone.text
    assert not any("zyxomma47" in hit.entry.text for hit in me.search("zyxomma47", k=100))
    assert not any("zyxomma47" in text for text, _ in me.query_memory("code word", k=100))

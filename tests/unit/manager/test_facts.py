"""Facts that change: current at once, ended but never deleted, noted beside what was said."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from context_manager import Config, ContextManager, LLMConfig, MemoryConfig, Message
from context_manager.errors import ConflictError, InputError, LLMTimeoutError, NotFoundError
from context_manager.records import Trust
from context_manager.store.protocol import Change, EntryFilter
from context_manager.testing.clock import ManualClock
from context_manager.testing.embedders import HashEmbedder
from context_manager.testing.llm import ScriptedLLM

MOVED = ("I live in Leeds, near the canal.", "I moved to Aberdeen.")


def manager(facts: str = "rules", clock: Any = None, **memory: Any) -> ContextManager:
    settings = Config(facts=facts, memory=MemoryConfig(**memory))
    cm = ContextManager(settings, clock=clock or ManualClock(1_700_000_000.0))
    cm.embedding_provider = HashEmbedder()
    return cm


def tell(cm: ContextManager, *texts: str) -> None:
    for text in texts:
        cm.observe(text, "Noted.")
        cm.clock.advance(86_400.0)


def texts(entries: Any) -> list[str]:
    return [entry.text for entry in entries]


class OnceOnly(ScriptedLLM):
    """Is not asked again after a failure, so that no test waits."""

    bounded = True


def asking(*answers: Any) -> ContextManager:
    """A manager whose turns leave at once and are read by a scripted model."""
    cm = manager("llm", stm_capacity=0, chunk_size=1, summaries=False)
    script = [json.dumps(a) if isinstance(a, list) else a for a in answers]
    cm.config.llm = LLMConfig(provider="custom")
    cm.llm_adapter = OnceOnly(script)
    return cm


HIKES = {
    "about": "The user",
    "what": "hobby",
    "value": "hiking",
    "sentence": "The user's hobby is hiking.",
    "from": [1],
}


def test_off_by_default_nothing_is_registered():
    assert Config().facts == "off"
    cm = manager("off")
    tell(cm, *MOVED)
    assert cm.facts() == []
    assert "[since" not in cm.build_context("Where do I live?")


def test_a_changed_fact_is_current_in_the_very_next_prompt():
    cm = manager()
    tell(cm, *MOVED)
    prompt = cm.scoped(session_id="later").build_context("Where do I live?")
    assert "The user lives in Aberdeen." in prompt
    assert "Fact: The user lives in Leeds." not in prompt
    line = next(line for line in prompt.splitlines() if "near the canal" in line)
    assert line.endswith(
        "[since 15 Nov 2023: The user lives in Aberdeen.]".replace("Nov", "November")
    )


def test_the_slot_says_that_part_of_it_has_changed():
    cm = manager()
    tell(cm, *MOVED)
    slots = cm.build("Where do I live?").slots
    changed = [slot for slot in slots if "has changed since" in slot.reason]
    assert [slot.section for slot in changed] == ["recent"]
    assert sum(slot.tokens for slot in slots) == cm.build("Where do I live?").tokens


def test_the_replaced_fact_stays_with_its_time_and_its_successor():
    cm = manager()
    tell(cm, *MOVED)
    (current,) = cm.facts()
    old, new = cm.history(current.id)
    assert (old.superseded_by, old.valid_to, new.valid_to) == (new.id, new.valid_from, None)
    assert new == current
    assert cm.history(old.id) == [old, new]
    assert texts(cm.expand(new.id)) == ["I moved to Aberdeen."]
    assert texts(cm.facts(as_of=1_700_000_100.0)) == ["The user lives in Leeds."]


def test_a_search_and_a_prompt_as_of_then_know_what_held_then():
    cm = manager()
    tell(cm, *MOVED)
    then = 1_700_000_100.0
    hits = cm.search("Where do I live?", kinds=["fact"], as_of=then)
    assert texts(hit.entry for hit in hits) == ["The user lives in Leeds."]
    prompt = cm.build("Where do I live?", as_of=then).text
    assert "Leeds" in prompt
    assert "Aberdeen" not in prompt


def test_a_fact_carries_where_it_is_from_and_how_sure_it_is():
    cm = manager()
    turn = cm.observe("I live in Leeds.", "Noted.")
    (fact,) = cm.facts()
    assert fact.kind == "fact"
    assert fact.source_ids == (turn.messages[0].id,)
    assert (fact.valid_from, fact.valid_to) == (turn.timestamp, None)
    assert fact.trust == Trust.USER
    assert 0 < fact.metadata["fact"]["confidence"] <= 1
    assert cm.facts()[0].scope == cm.scope


def test_what_a_tool_or_a_document_says_of_the_user_is_no_fact():
    cm = manager()
    said = [
        Message("tool", "I live in Rome."),
        Message("user", "I live in Oslo.", trust=Trust.EXTERNAL),
        Message("assistant", "I live in Berlin."),
    ]
    cm.observe_messages(said)
    assert cm.facts() == []


def test_who_is_trusted_less_ends_nothing():
    cm = manager()
    tell(cm, "I live in Leeds.")
    cm.observe_messages([Message("user", "I moved to Rome.", trust=Trust.ASSISTANT)])
    assert texts(cm.facts()) == ["The user lives in Leeds."]


def test_two_users_facts_never_touch():
    cm = manager()
    first, second = cm.scoped(user_id="first"), cm.scoped(user_id="second")
    first.observe("I live in Leeds.", "Noted.")
    second.observe("I live in Hull.", "Noted.")
    second.observe("I moved to Bath.", "Noted.")
    assert texts(first.facts()) == ["The user lives in Leeds."]
    assert texts(second.facts()) == ["The user lives in Bath."]
    with pytest.raises(NotFoundError):
        first.history(second.facts()[0].id)


def test_a_batch_knows_what_one_by_one_would():
    one, many = manager(), manager()
    said = [*MOVED, "I'm vegan.", "I'm not vegan any more.", "My birthday is on 3 May."]
    for text in said:
        one.observe(text, "Noted.")
    many.observe_batch([(text, "Noted.") for text in said])
    assert sorted(texts(one.facts())) == sorted(texts(many.facts()))


def test_scratch_that_means_the_turn_before():
    cm = manager()
    tell(cm, "I live in Leeds.", "Scratch that.")
    assert "The user lives in Leeds." not in texts(cm.facts())


def test_a_correction_takes_the_place_of_a_fact():
    cm = manager()
    tell(cm, "I live in Leeds.")
    (wrong,) = cm.facts()
    right = cm.correct(wrong.id, "The user lives in Leek.")
    assert texts(cm.facts()) == ["The user lives in Leek."]
    assert [entry.id for entry in cm.history(right)] == [wrong.id, right]
    assert "[since" in cm.build_context("Where do I live?")
    tell(cm, "I moved to Bath.")
    assert texts(cm.facts()) == ["The user lives in Bath."]


def test_what_cannot_be_corrected_is_refused_by_name():
    cm = manager()
    turn = cm.observe("I live in Leeds.", "Noted.")
    (fact,) = cm.facts()
    with pytest.raises(InputError, match="white space"):
        cm.correct(fact.id, "  ")
    with pytest.raises(InputError, match="not a fact"):
        cm.correct(turn.messages[0].id, "The user lives in Leek.")
    with pytest.raises(NotFoundError):
        cm.correct("fact_none", "The user lives in Leek.")
    cm.correct(fact.id, "The user lives in Leek.")
    with pytest.raises(InputError, match="was replaced by"):
        cm.correct(fact.id, "The user lives in Bath.")


def test_a_fact_added_by_hand_can_be_corrected_too():
    cm = manager("off")
    fact = cm.add_memory("The door code is 1234.", kind="fact")
    new = cm.correct(fact, "The door code is 9876.")
    assert texts(cm.facts()) == ["The door code is 9876."]
    assert [entry.id for entry in cm.history(new)] == [fact, new]


def test_forgetting_the_news_lets_the_old_fact_stand_again():
    cm = manager()
    tell(cm, *MOVED)
    news = next(e for e in cm.long_term_memory.entries if e.text == MOVED[1])
    cm.forget(news.id)
    (fact,) = cm.facts()
    assert (fact.text, fact.valid_to) == ("The user lives in Leeds.", None)
    assert "Aberdeen" not in cm.build_context("Where do I live?")
    assert cm.search("Where do I live?", kinds=["fact"])[0].entry.id == fact.id


def test_forgetting_what_lay_between_joins_what_is_left():
    cm = manager()
    tell(cm, *MOVED, "I moved to Bath.")
    between = next(e for e in cm.long_term_memory.entries if e.text == MOVED[1])
    cm.forget(between.id)
    assert texts(cm.history(cm.facts()[0].id)) == [
        "The user lives in Leeds.",
        "The user lives in Bath.",
    ]
    old, new = cm.history(cm.facts()[0].id)
    assert (old.superseded_by, old.valid_to) == (new.id, new.valid_from)


def test_another_process_sees_what_has_changed(tmp_path):
    config = Config(facts="rules")
    with (
        ContextManager.open(tmp_path / "m.db", config) as one,
        ContextManager.open(tmp_path / "m.db", config) as two,
    ):
        one.embedding_provider = two.embedding_provider = HashEmbedder()
        one.observe("I live in Leeds.", "Noted.")
        assert texts(two.facts()) == ["The user lives in Leeds."]
        two.observe("I moved to Bath.", "Noted.")
        assert texts(one.facts()) == ["The user lives in Bath."]


def test_many_who_change_one_fact_at_once_leave_one_that_stands(tmp_path):
    with ContextManager.open(tmp_path / "m.db", Config(facts="rules")) as cm:
        cm.embedding_provider = HashEmbedder()
        towns = ["Leeds", "Bath", "Hull", "York", "Ripon", "Wells", "Truro", "Ely"]

        def move(town: str) -> None:
            cm.scoped(session_id=town).observe(f"I moved to {town}.", "Noted.")

        threads = [threading.Thread(target=move, args=(town,)) for town in towns]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(cm.facts()) == 1
        messages = cm.archive.store.find(cm.scope.partition, EntryFilter(kinds=("message",)))
        assert len(messages) == 2 * len(towns)
        assert len(cm.history(cm.facts()[0].id)) <= len(towns)


def test_a_place_that_was_emptied_may_be_filled_again():
    cm = manager()
    for _ in range(2):
        tell(cm, "I live in Leeds.")
        (fact,) = cm.facts()
        cm.forget([fact.id, *fact.source_ids])
        assert cm.facts() == []
    tell(cm, "I live in Leeds.")
    cm.archive.apply(cm.scope.partition, Change(remove_entries=(cm.facts()[0].id,)))
    tell(cm, "I live in Bath.")
    assert texts(cm.facts()) == ["The user lives in Bath."]


def test_a_turn_is_kept_even_where_its_facts_always_conflict():
    cm = manager()
    tell(cm, "I live in Leeds.")
    apply = cm.archive.apply

    def contested(partition: Any, change: Change) -> Any:
        if change.expect_entries:
            raise ConflictError("others were faster")
        return apply(partition, change)

    cm.archive.apply = contested
    tell(cm, "I moved to Bath.")
    assert "I moved to Bath." in cm.build_context("Where do I live?")


def test_a_summary_that_tells_of_what_has_changed_says_so_too():
    cm = manager(stm_capacity=20, chunk_size=10, recent_k=1)
    cm.config.memory.ltm_hits_k = 0
    cm.config.memory.fill_budget = False
    tell(cm, "I live in Leeds, near the canal.", "The weather was dull all week long.")
    tell(cm, "It rained again the whole weekend.", "I moved to Aberdeen.")
    shown = [slot for slot in cm.build("Where do I live?").slots if slot.section == "summary"]
    told = [slot.text for slot in shown if "Leeds" in slot.text]
    assert all("The user lives in Aberdeen.]" in text for text in told)


# -- with a model -----------------------------------------------------------------------------


def test_a_model_finds_in_what_left_what_no_rule_knows():
    cm = asking([HIKES])
    cm.observe("Weekends are for hiking, always were.", "Lovely.")
    assert cm.engine.background.drain(120)
    (fact,) = cm.facts()
    assert fact.text == "The user's hobby is hiking."
    assert cm.get_stats()["llm"]["ledger"][0]["purpose"] == "facts"


def test_what_rules_found_already_a_model_does_not_find_again():
    leeds = {
        "about": "The user",
        "what": "home",
        "value": "Leeds",
        "sentence": "The user lives in Leeds.",
        "from": [1],
    }
    cm = asking([leeds], "[]")
    cm.observe("I live in Leeds.", "Noted.")
    cm.observe("I moved to Bath.", "Noted.")
    assert cm.engine.background.drain(120)
    assert texts(cm.facts()) == ["The user lives in Bath."]
    assert len(cm.history(cm.facts()[0].id)) == 2


@pytest.mark.parametrize(
    "answer", ["no JSON at all", "[1, 2]", "[{]", "", '[{"about": NaN}]', "x" * 100_000]
)
def test_malformed_answers_get_one_more_try_and_change_nothing(answer):
    cm = asking(answer, answer)
    cm.observe("Weekends are for hiking, always were.", "Lovely.")
    assert cm.engine.background.drain(120)
    assert cm.facts() == []
    assert len(cm.llm_adapter.calls) == 2
    assert cm.build("What do I do at weekends?").degraded == ("llm",)
    assert "hiking" in cm.build_context("What do I do at weekends?")


def test_a_repaired_answer_counts():
    cm = asking("Sure! Here are the facts:", [HIKES])
    cm.observe("Weekends are for hiking, always were.", "Lovely.")
    assert cm.engine.background.drain(120)
    assert texts(cm.facts()) == ["The user's hobby is hiking."]
    assert cm.build("What do I do at weekends?").degraded == ()


def test_while_the_model_fails_rules_still_find_what_they_know():
    cm = asking(LLMTimeoutError("slow"))
    cm.observe("I live in Leeds.", "Noted.")
    assert cm.engine.background.drain(120)
    assert texts(cm.facts()) == ["The user lives in Leeds."]
    assert cm.build("Where do I live?").degraded == ("llm",)


def test_a_fact_forgotten_while_the_model_thinks_does_not_come_back():
    cm = asking([HIKES])
    gate, asked = threading.Event(), threading.Event()

    def slow(prompt: str) -> str:
        asked.set()
        gate.wait(120)
        return json.dumps([HIKES])

    cm.llm_adapter = OnceOnly(slow)
    turn = cm.observe("Weekends are for hiking, always were.", "Lovely.")
    assert asked.wait(120)
    cm.forget(turn.id)
    gate.set()
    assert cm.engine.background.drain(120)
    assert cm.facts() == []
    assert list(cm.long_term_memory.entries) == []

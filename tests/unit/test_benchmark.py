"""The pure parts of the quality benchmark: what counts as gold, as recall, as sure."""

from __future__ import annotations

import json

import pytest

from bench.calibrate import without_names
from bench.quality import report
from bench.quality.prefix import share
from bench.quality.trials import folds
from context_manager import MemoryEntry
from context_manager.evaluation import measures
from context_manager.evaluation.benchmarks import read_questions


def entry(number: int, text: str) -> MemoryEntry:
    return MemoryEntry(id=f"e{number}", text=text)


def test_gold_is_read_from_citations_however_they_are_written(tmp_path):
    chat = {
        "sample_id": "c-1",
        "qa": [
            {"question": "When?", "category": 2, "evidence": ["D8:6; D9:17", "D:11:26", "D8:06"]},
            {"question": "Who?", "category": 5, "evidence": []},
        ],
    }
    (tmp_path / "chats.json").write_text(json.dumps([chat]))
    audit = [{"question_id": "locomo_0_qa0", "correct_evidence": ["D1:2"]}]
    (tmp_path / "audit.json").write_text(json.dumps(audit))

    first, second = read_questions(tmp_path / "chats.json", tmp_path / "audit.json")

    assert first.gold == ("D8:6", "D9:17", "D11:26")
    assert first.corrected == ("D1:2",)
    assert (first.answerable, second.answerable) == (True, False)


def test_gold_of_a_numbered_chat_is_its_message_numbers(tmp_path):
    asked = {"question": "What?", "ability": "abstention", "evidence": [4, 60]}
    (tmp_path / "chat.json").write_text(json.dumps({"chat": 7, "questions": [asked]}))

    (question,) = read_questions(tmp_path / "chat.json")

    assert (question.conversation, question.gold) == ("beam_7", ("4", "60"))
    assert not question.answerable


def test_evidence_counts_when_it_is_named_and_stands_whole():
    gold = [entry(1, "the red kite"), entry(2, "the blue kite"), entry(3, "soup")]
    prompt = "User: the red kite\nUser: the blue ki\nUser: soup"

    assert measures.evidence_recall(gold, frozenset({"e1", "e2"}), prompt) == pytest.approx(1 / 3)


def test_rank_measures_count_distinct_messages():
    assert measures.recall_at([entry(3, "c")], ["e1", "e1", "e2", "e3"], 3) == 1.0


def test_the_area_is_the_chance_to_score_higher_ties_half():
    assert measures.auroc([0.9, 0.5], [0.5, 0.1]) == pytest.approx(3.5 / 4)


def test_an_interval_of_equal_systems_is_zero_and_repeats():
    assert measures.paired_interval([1, 0, 1], [1, 0, 1]) == (0.0, 0.0, 0.0)
    mixed = measures.paired_interval([1, 0, 1, 1], [0, 0, 1, 0])
    assert mixed == measures.paired_interval([1, 0, 1, 1], [0, 0, 1, 0])
    assert mixed[1] <= mixed[0] <= mixed[2]


def test_names_of_speakers_become_those_of_one_who_asks_an_assistant():
    asked = without_names("What did Ana tell Bo about Ana's kite?", ["Bo", "Ana"])

    assert asked == "What did I tell my friend about my kite?"


def test_every_conversation_is_left_out_once():
    names = [f"conv-{n}" for n in range(5)] + [f"beam_{n}" for n in range(10)]
    parts = folds(names)

    assert sorted(name for part in parts for name in part) == sorted(names)
    assert {len(part) for part in parts} == {3}


def test_tables_go_between_the_markers_of_their_section(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n<!-- y:begin --><!-- y:end -->")
    report.write(page, "new", "x")

    text = page.read_text()
    assert "old" not in text
    assert text.startswith("a\n<!-- x:begin -->\n\nnew\n")
    assert text.endswith("b\n<!-- y:begin --><!-- y:end -->")


def test_reuse_is_a_share_of_all_tokens_not_a_mean_of_shares():
    assert share([(1, 1), (0, 99)]) == pytest.approx(0.01)
    assert share([]) == 0.0

"""`context` and `query`: the prompt as the manager builds it, explained to the last token."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from context_manager.cli.invocation import DB_VARIABLE, Surroundings
from context_manager.cli.program import outcome
from support.program import Program, open_fast

ASKED = "What is the code of my bicycle lock?"


@pytest.fixture
def filled(program: Program, chat: Path) -> Program:
    """The program on a store that holds the chat."""
    program("import", chat)
    return program


def test_the_prompt_holds_what_answers_and_the_question(filled: Program) -> None:
    ended = filled("context", ASKED)
    assert ended.code == 0
    assert "4-7-1-9" in ended.out
    assert ended.out.endswith(f"Current user input: {ASKED}\n")
    assert "Recent conversation" not in ended.out


def test_what_a_prompt_needs_is_loaded_beforehand_and_may_fail(filled: Program, db: Path) -> None:
    """Whatever goes wrong there goes wrong where it is needed, or does not matter."""
    loaded: list[str] = []

    def warm() -> None:
        loaded.append(threading.current_thread().name)
        raise OSError("no model")

    surroundings = Surroundings(open_fast, {DB_VARIABLE: str(db)}, warm)
    usual = sys.getswitchinterval()
    assert outcome(["stats"], surroundings) == 0
    assert loaded == []
    assert outcome(["context", ASKED], surroundings) == 0
    assert len(loaded) == 1
    assert loaded != [threading.current_thread().name]
    assert sys.getswitchinterval() == usual


def test_with_a_session_its_recent_turns_come_first(filled: Program) -> None:
    ended = filled("context", "And when?", "--session", "s2")
    assert "Recent conversation" in ended.out
    assert "plumber" in ended.out


def test_the_costs_of_all_slots_sum_to_the_tokens_of_the_prompt(filled: Program) -> None:
    data = filled("context", ASKED, "--budget", 80, "--json").data
    assert "".join(slot["text"] for slot in data["slots"]) == data["text"]
    assert sum(slot["tokens"] for slot in data["slots"]) == data["tokens"] <= data["budget"] == 80


def test_explain_shows_every_slot_with_its_reason_after_the_prompt(filled: Program) -> None:
    plain = filled("context", ASKED, "--budget", 200)
    explained = filled("context", ASKED, "--budget", 200, "--explain")
    data = filled("context", ASKED, "--budget", 200, "--json").data
    assert explained.out.startswith(plain.out)
    table = " ".join(explained.out.removeprefix(plain.out).split())
    assert f"{data['tokens']} of 200 tokens" in table
    assert f"{len(data['slots'])} slots" in table
    for slot in data["slots"]:
        assert " ".join(slot["reason"].split()[:3]) in table


def test_an_input_beyond_the_budget_is_refused_with_the_numbers(filled: Program) -> None:
    ended = filled("context", "hm " * 300, "--budget", 50)
    assert ended.code == 4
    assert "the budget is 50" in ended.err
    assert ended.out == ""


def test_query_shows_hits_best_first(filled: Program) -> None:
    hits = filled("query", "plumber on Friday", "-k", 2, "--json").data
    assert len(hits) == 2
    assert hits[0]["score"] >= hits[1]["score"]
    assert "plumber" in hits[0]["text"]
    shown = filled("query", "plumber on Friday", "-k", 1)
    assert "The plumber comes on Friday" in shown.out
    assert "2024-06-01 08:00" in shown.out


def test_query_of_another_kind_finds_nothing_of_this_one(filled: Program) -> None:
    assert filled("query", "plumber", "--kind", "note", "--json").data == []
    for command in (("query", "plumber"), ("list",)):
        told = filled(*command, "--kind", "note").out
        assert told.strip() == "nothing is remembered that fits"


class TestWhose:
    """Whose memory is meant where nobody says it."""

    def test_the_only_user_needs_no_name(self, program: Program, tmp_path: Path) -> None:
        path = tmp_path / "a.json"
        path.write_text(
            '{"user": "ada", "messages": [{"role": "user", "content": "The pier at 6"}]}'
        )
        program("import", path)
        assert "The pier at 6" in program("context", "Where to meet?").out

    def test_among_several_one_must_be_named(self, program: Program, pairs: Path) -> None:
        program("import", pairs, "--split-users")
        ended = program("context", "A kayak?")
        assert ended.code == 2
        assert "pair-1, pair-2" in ended.err
        assert "red kayak" in program("context", "A kayak?", "--user", "pair-2").out

    def test_an_unknown_user_is_an_error_that_lists_the_known(
        self, program: Program, pairs: Path
    ) -> None:
        program("import", pairs, "--split-users")
        ended = program("query", "A kayak?", "--user", "pair-3")
        assert ended.code == 3
        assert "'pair-3'" in ended.err
        assert "pair-1, pair-2" in ended.err

    def test_tenants_and_agents_see_nothing_of_each_other(self, program: Program) -> None:
        program("add", "The safe opens with 1234", "--tenant", "bank")
        program("add", "The door opens with 5678", "--agent", "porter")
        assert (
            program("query", "opens", "--json", "--tenant", "bank").data[0]["text"].endswith("1234")
        )
        assert (
            program("query", "opens", "--json", "--agent", "porter")
            .data[0]["text"]
            .endswith("5678")
        )
        assert program("query", "opens", "--json").data == []

"""The bundled sample history is well formed, and its questions can be answered from it.

Knows only the two data files and the format their package's docstring promises.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from importlib import resources
from itertools import groupby, pairwise
from typing import Any

import pytest

FOLDER = resources.files("context_manager.demo")
RAW = FOLDER.joinpath("conversation.jsonl").read_bytes()
MESSAGES: list[dict[str, Any]] = [json.loads(line) for line in RAW.decode("utf-8").splitlines()]
QUESTIONS: list[dict[str, Any]] = json.loads(
    FOLDER.joinpath("questions.json").read_text(encoding="utf-8")
)
SESSIONS = [(name, list(block)) for name, block in groupby(MESSAGES, lambda m: m["session"])]
KINDS = {"single", "multi", "changed", "time", "language", "none"}


def instant(message: dict[str, Any]) -> datetime:
    """The message's time, which must be written in UTC to the second."""
    return datetime.strptime(message["time"], "%Y-%m-%dT%H:%M:%S%z")


def test_every_line_is_a_message_with_exactly_the_promised_fields() -> None:
    for number, message in enumerate(MESSAGES, start=1):
        assert list(message) == ["session", "time", "role", "name", "content"], f"line {number}"
        assert message["role"] in {"user", "assistant"}, f"line {number}"
        assert message["name"] is None or message["name"].strip(), f"line {number}"
        assert message["content"].strip() == message["content"] != "", f"line {number}"
        assert message["time"].endswith("Z"), f"line {number}"


def test_times_ascend_from_line_to_line() -> None:
    for number, (earlier, later) in enumerate(pairwise(MESSAGES), start=2):
        assert instant(earlier) < instant(later), f"line {number} is not later than the one before"


def test_sessions_are_whole_blocks() -> None:
    names = [name for name, _ in SESSIONS]
    assert len(names) == len(set(names)), "a session is interrupted by another one"


@pytest.mark.parametrize(("name", "block"), SESSIONS, ids=[name for name, _ in SESSIONS])
def test_a_session_alternates_from_a_user_to_an_assistant(
    name: str, block: list[dict[str, Any]]
) -> None:
    roles = [message["role"] for message in block]
    assert roles == ["user", "assistant"] * (len(block) // 2), name


def test_the_history_is_long_enough_to_forget_in() -> None:
    """At least 240 exchanges in 40 sessions over six months, in a file below 250 kB."""
    turns = sum(message["role"] == "user" for message in MESSAGES)
    assert turns >= 240
    assert len(SESSIONS) >= 40
    assert instant(MESSAGES[-1]) - instant(MESSAGES[0]) >= timedelta(days=183)
    assert len(RAW) < 250_000


def test_nothing_is_said_twice_in_the_same_words() -> None:
    repeated = [text for text, n in Counter(m["content"] for m in MESSAGES).items() if n > 1]
    assert not repeated


def test_the_questions_cover_every_kind() -> None:
    assert 12 <= len(QUESTIONS) <= 16
    assert {question["kind"] for question in QUESTIONS} == KINDS
    assert len({question["question"] for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["question"])
def test_the_evidence_of_a_question_holds_its_answer(question: dict[str, Any]) -> None:
    """Each evidence line lies a month back and shares its key phrase with the answer."""
    assert list(question) == ["question", "answer", "evidence", "key", "kind"]
    has_answer = question["answer"] is not None
    assert has_answer == bool(question["evidence"]) == (question["kind"] != "none")
    newest = instant(MESSAGES[-1])
    for line, key in zip(question["evidence"], question["key"], strict=True):
        assert 1 <= line <= len(MESSAGES)
        message = MESSAGES[line - 1]
        assert key.casefold() in message["content"].casefold(), f"line {line}"
        assert key.casefold() in question["answer"].casefold(), f"line {line}"
        assert newest - instant(message) >= timedelta(days=30), f"line {line}"


def test_some_questions_need_more_than_one_message() -> None:
    several = [question for question in QUESTIONS if len(question["evidence"]) >= 2]
    assert len(several) >= 5
    assert any(len(question["evidence"]) >= 3 for question in several)

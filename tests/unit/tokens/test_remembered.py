"""Remembered lines cost what they did when they were counted, are few, and hold no text."""

from __future__ import annotations

from hypothesis import given

from context_manager.tokens import TokenCounter
from context_manager.tokens.prefix import TrialCounts
from context_manager.tokens.remembered import Line, RememberedLines
from support.token_texts import any_text, each_counter

LINE = "User: the same line of a prompt, again and again"


class Counted:
    """Counts lines as so many tokens as they have characters, and notes which."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> Line:
        self.lines.append(text)
        return 0, len(text), len(text), len(text) + 1


@each_counter
@given(text=any_text)
def test_a_remembered_line_costs_what_it_did(model: str, text: str) -> None:
    tokenizer = TokenCounter(model).tokenizer
    parts = ["Heading:", f"\n{text}", f"\n[8 May 2023]\nUser: {text}", f"\nUser: {text}"]
    first = TrialCounts(tokenizer)(parts)
    assert TrialCounts(tokenizer)(parts) == first
    assert first[-1] == TokenCounter(model)("".join(parts))


@each_counter
@given(text=any_text)
def test_a_line_counted_for_later_costs_what_it_costs(model: str, text: str) -> None:
    counter = TokenCounter(model)
    for line in (text, f"User: {text}", f"{text}\n", f"User: {text}\n"):
        assert counter.count_line(line) == counter(line)


def test_a_line_is_counted_once() -> None:
    lines, counted = RememberedLines(), Counted()
    assert {lines.line(LINE, counted) for _ in range(5)} == {(0, 48, 48, 49)}
    assert counted.lines == [LINE]


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    lines, counted = RememberedLines(capacity=10), Counted()
    for number in range(100):
        assert lines.line(f"{LINE} {number}", counted)[2] == len(f"{LINE} {number}")
        assert len(lines) <= 10


def test_what_is_asked_for_again_stays() -> None:
    lines, counted = RememberedLines(capacity=10), Counted()
    for number in range(100):
        lines.line(LINE, counted)
        lines.line(f"{LINE} {number}", counted)
    assert counted.lines.count(LINE) == 1


def test_no_text_is_kept() -> None:
    lines = RememberedLines()
    lines.line(LINE, Counted())
    assert all(isinstance(key, int) for key in lines._lines._young)

"""Remembered counts are the counts, are few, and hold no text."""

from __future__ import annotations

from hypothesis import given

from context_manager.tokens import TokenCounter
from context_manager.tokens.remembered import RememberedCounts, remembered
from support.token_texts import Recorder, any_text, each_counter

LINE = "User: the same line of a prompt, again and again"


@each_counter
@given(text=any_text)
def test_a_remembered_count_is_the_count(model: str, text: str) -> None:
    counter = TokenCounter(model)
    clean = text.encode("utf-8", "replace").decode()
    counts = remembered(counter.tokenizer)
    assert counts.count(clean) == counts.count(clean) == counter(clean)


def test_a_line_is_counted_once() -> None:
    recorder = Recorder()
    counts = RememberedCounts(recorder)
    assert [counts.count(LINE) for _ in range(5)] == [len(LINE)] * 5
    assert recorder.sizes == [len(LINE)]


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    counts = RememberedCounts(Recorder(), capacity=10)
    for number in range(100):
        assert counts.count(f"{LINE} {number}") == len(f"{LINE} {number}")
        assert len(counts) <= 10


def test_what_is_asked_for_again_stays() -> None:
    recorder = Recorder()
    counts = RememberedCounts(recorder, capacity=10)
    for number in range(100):
        counts.count(LINE)
        counts.count(f"{LINE} {number}")
    assert recorder.sizes.count(len(LINE)) == 1


def test_no_text_is_kept() -> None:
    counts = RememberedCounts(Recorder())
    counts.count(LINE)
    assert all(isinstance(key, bytes) and len(key) == 16 for key in counts._young)

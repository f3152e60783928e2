"""Summaries without a model: short, in order, deterministic, made of what was said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.memory.extractive import GAP, Line, cut, extract, lead, sentences


def words(text: str) -> int:
    return len(text.split())


TALK = [
    Line("Mira", "Hi! How are you doing today?"),
    Line("Otto", "I am good, thanks. How about you?"),
    Line("Mira", "Busy. The Halifax lighthouse keeper offered me his 1962 Evinrude outboard."),
    Line("Otto", "Oh wow, that is nice."),
    Line("Mira", "Yes, I am so happy about it."),
    Line("Otto", "My sister Petra graduates from veterinary school on 14 June."),
]


def test_what_tells_most_for_its_length_is_kept_in_time_order() -> None:
    assert extract(TALK, 27, words) == (
        "- Mira: Busy. The Halifax lighthouse keeper offered me his 1962 Evinrude outboard.\n"
        "- Otto: My sister Petra graduates from veterinary school on 14 June."
    )


def test_everything_is_kept_where_there_is_room() -> None:
    shown = extract(TALK, 1000, words)
    assert shown.splitlines() == [line.said(line.text) for line in TALK]


def test_a_long_message_is_taken_by_sentences_with_gaps_marked() -> None:
    filler = "It was a day like any other day and we did what we do on such a day. " * 4
    text = f"Zebedee Quill signed lease 8841. {filler}The deposit of 930 pounds is due Friday."
    shown = extract([Line("Ann", text), Line("Bo", "ok")], 17, words)
    assert shown == (
        f"- Ann: Zebedee Quill signed lease 8841.{GAP}The deposit of 930 pounds is due Friday."
    )


def test_what_was_said_twice_is_kept_once() -> None:
    line = Line("Ann", "The ferry leaves the old harbour at 6:40.")
    assert extract([*TALK, line, line], 1000, words).count("ferry") == 1


def test_one_sentence_that_is_too_long_is_cut_with_a_mark() -> None:
    shown = extract([Line("Ann", "alpha beta gamma delta epsilon zeta")], 5, words)
    assert shown == "- Ann: alpha beta…"


@pytest.mark.parametrize("lines", [[], [Line("Ann", "")], [Line("Ann", " \n ")], [Line("", "…")]])
def test_nothing_said_is_nothing_summarised(lines: list[Line]) -> None:
    assert extract(lines, 50, words) == ""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("a line\n\nanother  line", ["a line", "another line"]),
        ("今日は雨です。明日は晴れます。", ["今日は雨です。", "明日は晴れます。"]),
        ("", []),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_lead_keeps_whole_sentences() -> None:
    assert lead("One two. Three four. Five six.", 4, words) == "One two. Three four."
    assert lead("One two.", 4, words) == "One two."
    assert lead("one two three four five six", 4, words) == "one two three…"


def test_cut_gives_a_mark_at_least() -> None:
    assert cut("word " * 50, 0, words) == "…"


said = st.builds(Line, st.sampled_from(["Ann", "Bo", ""]), st.text(max_size=600))


@given(st.lists(said, max_size=12), st.integers(1, 200))
def test_the_target_is_held_and_the_result_is_always_the_same(
    lines: list[Line], target: int
) -> None:
    shown = extract(lines, target, words)
    assert words(shown) <= target
    assert shown == extract(lines, target, words)


@given(st.lists(said, min_size=1, max_size=12))
def test_each_word_of_a_summary_was_said(lines: list[Line]) -> None:
    spoken = " ".join(line.said(line.text) for line in lines)
    together = "".join(spoken.split())
    for part in extract(lines, 40, words).replace(GAP, "\n").split():
        assert part.removesuffix("…").removesuffix(":") in together

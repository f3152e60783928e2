"""Counting part by part gives the count of the joined text, always, and cheaply."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_manager.tokens import TokenCounter
from context_manager.tokens.boundaries import LIMIT
from context_manager.tokens.prefix import TrialCounts, prefix_counts
from support.token_texts import Recorder, any_text, each_counter, long_runs

part_lists = st.one_of(
    st.lists(any_text, max_size=12),
    st.lists(st.one_of(any_text, long_runs), max_size=4),
)


def joined_counts(counter: TokenCounter, parts: list[str]) -> list[int]:
    return [counter("".join(parts[: end + 1])) for end in range(len(parts))]


@each_counter
@given(parts=part_lists)
def test_every_prefix_counts_as_the_joined_text(model: str, parts: list[str]) -> None:
    counter = TokenCounter(model)
    assert counter.prefix_counts(parts) == joined_counts(counter, parts)


@each_counter
@given(text=st.one_of(any_text, long_runs), data=st.data())
@settings(max_examples=50)
def test_it_does_not_matter_where_a_text_is_divided(model: str, text: str, data) -> None:
    counter = TokenCounter(model)
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edges = [0, *places, len(text)]
    parts = [text[a:b] for a, b in pairwise(edges)]
    assert counter.prefix_counts(parts)[-1] == counter(text)


@pytest.mark.parametrize("counter", [len, lambda text: 2 + len(text) // 3], ids=["len", "opened"])
@given(parts=st.lists(any_text, max_size=6))
def test_a_counter_of_the_user_is_asked_for_the_joined_text(counter, parts: list[str]) -> None:
    own = TokenCounter("mine", counter=counter)
    assert own.prefix_counts(parts) == joined_counts(own, parts)


def test_appending_does_not_count_the_beginning_again() -> None:
    recorder = Recorder()
    parts = [f"Turn {number}: we talked about the garden.\n" for number in range(2000)]
    prefix_counts(parts, recorder)
    assert sum(recorder.sizes) <= 3 * sum(map(len, parts))


def test_one_endless_word_is_counted_again_in_part_only() -> None:
    recorder = Recorder()
    assert prefix_counts(["a" * 1000] * 100, recorder)[-1] == 100_000
    assert max(recorder.sizes) <= LIMIT


def test_a_line_with_lone_surrogates_costs_a_trial_what_it_costs_the_counter() -> None:
    counter = TokenCounter("gpt-4")
    parts = ["Notes:", "\n\ud800\udc00 kayak"]
    assert counter.trial_counts()(parts)[-1] == counter("".join(parts))


@each_counter
@given(trials=st.lists(part_lists, max_size=4), data=st.data())
@settings(max_examples=50)
def test_trial_after_trial_counts_as_the_joined_text(model: str, trials, data) -> None:
    """Later trials reuse the parts of earlier ones in another order."""
    counter = TokenCounter(model)
    count = counter.trial_counts()
    for parts in trials:
        known = [part for earlier in trials for part in earlier]
        mixed = parts + data.draw(
            st.lists(st.sampled_from(known), max_size=6) if known else st.just([])
        )
        assert count(mixed) == joined_counts(counter, mixed)


def test_a_part_is_counted_once_however_often_it_is_tried() -> None:
    recorder = Recorder()
    count = TrialCounts(recorder)
    parts = [f"\nUser: line {number} of a long prompt" for number in range(50)]
    count(parts)
    asked = len(recorder.sizes)
    for place in range(50):
        count(parts[:place] + parts[place + 1 :])
    assert len(recorder.sizes) <= asked + 4 * 50

"""Where the window of recent turns begins: it moves rarely, holds enough and costs no more."""

from __future__ import annotations

import pytest

from context_manager.context.window import KNOWN, Window, window

WORKING_SET = 8000


def starts(sizes: list[int], wanted: int, budget: int) -> list[int]:
    """The place where the window began after each turn of a session."""
    turns = list(enumerate(sizes))
    shown = [
        window(turns[max(0, said - KNOWN) : said], wanted, budget, WORKING_SET)
        for said in range(1, len(turns) + 1)
    ]
    return [one.start for one in shown if one is not None]


def lengths(sizes: list[int], wanted: int, budget: int) -> list[int]:
    return [last - start + 1 for last, start in enumerate(starts(sizes, wanted, budget))]


def test_where_turns_are_short_as_many_as_wanted_are_shown_and_up_to_twice_as_many() -> None:
    shown = lengths([30] * 40, wanted=5, budget=12_000)

    assert shown[:14] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 5, 6, 7, 8]
    assert set(shown[5:]) == {5, 6, 7, 8, 9, 10}


def test_where_turns_are_long_the_window_is_about_as_long_as_wanted() -> None:
    shown = lengths([700] * 120, wanted=5, budget=12_000)

    assert (min(shown[9:]), max(shown)) == (2, 9)
    assert sum(shown[9:]) / len(shown[9:]) == pytest.approx(5.5, abs=0.3)


@pytest.mark.parametrize("size", [30, 300, 900])
def test_three_quarters_of_what_is_shown_stand_again(size: int) -> None:
    sizes = [size] * 200
    at = starts(sizes, wanted=5, budget=12_000)
    shown = lengths(sizes, wanted=5, budget=12_000)
    again = sum(shown[i] for i in range(len(at) - 1) if at[i + 1] == at[i])

    assert again / sum(shown[:-1]) >= 0.75


def test_the_window_takes_at_most_two_thirds_of_the_budget_and_what_is_at_hand() -> None:
    sizes = [900, 1500, 400, 2600, 800] * 12
    for budget in (2_000, 6_000, 12_000, 50_000):
        for last, start in enumerate(starts(sizes, 5, budget)):
            cost = sum(sizes[start : last + 1])
            assert start == last or cost <= min(budget * 2 / 3, WORKING_SET)


def test_a_prompt_too_small_to_be_cached_shows_what_is_wanted() -> None:
    assert lengths([30] * 20, wanted=5, budget=1000)[4:] == [5] * 16


def test_what_began_long_ago_does_not_matter() -> None:
    """A process that reads the latest turns only shows what one shows that heard them all."""
    sizes = [(place, 300 + place * 37 % 900) for place in range(300)]
    for said in range(KNOWN, 300):
        latest = window(sizes[said - KNOWN : said], 5, 12_000, WORKING_SET)
        assert latest == window(sizes[:said], 5, 12_000, WORKING_SET)


def test_more_turns_than_sizes_are_known_are_shown_where_they_are_wanted() -> None:
    turns = [(place, 10) for place in range(300)]

    assert window(turns[-KNOWN:], 100, 12_000, WORKING_SET) == Window(200, 299)


def test_the_window_knows_since_when_it_stands() -> None:
    turns = [(place, 30) for place in range(13)]

    assert window(turns[:10], 5, 12_000, WORKING_SET) == Window(0, 0)
    assert window(turns[:11], 5, 12_000, WORKING_SET) == Window(6, 10)
    assert window(turns, 5, 12_000, WORKING_SET) == Window(6, 10)


def test_nothing_is_shown_where_nothing_is_wanted_or_said() -> None:
    assert window([], 5, 12_000, WORKING_SET) is None
    assert window([(0, 10)], 0, 12_000, WORKING_SET) is None

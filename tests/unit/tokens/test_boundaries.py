"""Cuts are places where counts add up, they cover the text, and what follows never moves them."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_manager.tokens import TokenCounter
from context_manager.tokens.boundaries import LIMIT, cuts, last_boundary
from context_manager.tokens.characters import valid_text
from support.token_texts import TRICKY, any_text, each_counter, long_runs, valid_any_text


def boundaries(text: str) -> list[int]:
    """All boundaries of a text, found by asking for the last one again and again."""
    found = []
    end: int | None = len(text)
    while end and (end := last_boundary(text, 0, end)):
        found.append(end)
        end -= 1
    return found[::-1]


@each_counter
@given(text=valid_any_text)
def test_the_parts_at_every_boundary_count_as_much_as_the_whole(model: str, text: str) -> None:
    count = TokenCounter(model).tokenizer.count
    edges = [0, *boundaries(text), len(text)]
    parts = [text[a:b] for a, b in pairwise(edges)]
    assert sum(map(count, parts)) == count(text)


@each_counter
def test_boundaries_hold_between_every_two_tricky_pieces(model: str) -> None:
    """Exhaustive over pairs, with a letter, a space and an apostrophe behind them."""
    count = TokenCounter(model).tokenizer.count
    for text in (valid_text(a + b + c) for a in TRICKY for b in TRICKY for c in ("", "s", " '")):
        for cut in boundaries(text):
            assert count(text[:cut]) + count(text[cut:]) == count(text), (text, cut)


@given(text=st.one_of(any_text, long_runs))
def test_cuts_cover_the_text_in_parts_no_longer_than_the_limit(text: str) -> None:
    edges = [0, *cuts(text)]
    assert edges[-1] == len(text)
    assert all(0 < b - a <= LIMIT for a, b in pairwise(edges))


@given(text=long_runs, more=any_text)
@settings(max_examples=50)
def test_what_is_appended_moves_no_forced_cut(text: str, more: str) -> None:
    """A forced cut is one at which no boundary stands."""

    def forced(whole: str) -> list[int]:
        return [
            cut
            for cut in cuts(whole)
            if cut < len(whole) and last_boundary(whole, cut - 1, cut) is None
        ]

    before = forced(text)
    assert forced(text + more)[: len(before)] == before


@pytest.mark.parametrize(
    "text",
    ["word " * 3000, "一二三，" * 3000, '{"a":1,' * 3000, "dGhl0" * 3000, "line\n" * 3000],
    ids=["words", "han", "json", "base64", "lines"],
)
def test_ordinary_long_text_is_never_cut_by_force(text: str) -> None:
    assert all(last_boundary(text, cut - 1, cut) for cut in list(cuts(text))[:-1])


def test_where_no_boundary_stands_the_last_line_end_is_taken() -> None:
    text = "/\n" * LIMIT
    assert all(re.match("/", text[cut:]) for cut in list(cuts(text))[:-1])

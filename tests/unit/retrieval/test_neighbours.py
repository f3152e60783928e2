"""What is said nearby is the same whether passages came at once or one after the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from context_manager.retrieval import neighbours
from context_manager.retrieval.neighbours import Surroundings

said = st.lists(st.tuples(st.integers(-9, 3), st.integers(0, 12)), min_size=1, max_size=30)


def laid_out(parts: list[list[tuple[int, int]]]) -> Surroundings:
    """The passages of each part, by session and position, added part by part."""
    around = Surroundings()
    for part in parts:
        runs = np.array([run for run, _ in part], dtype=np.int32)
        around = around.extended(runs, np.array([place for _, place in part], dtype=np.int64))
    return around


@given(said, st.lists(st.integers(0, 30), max_size=6), st.booleans())
def test_any_order_of_growing_spreads_scores_alike(passages, cuts, one_by_one):
    edges = [0, *sorted(min(cut, len(passages)) for cut in cuts), len(passages)]
    parts = [passages[start:end] for start, end in pairwise(edges)]
    grown = laid_out([[one] for one in passages] if one_by_one else parts)
    at_once = laid_out([passages])
    scores = np.linspace(1, 2, len(passages), dtype=np.float32)
    rows = np.arange(len(passages), dtype=np.int32)
    assert grown.blurred(scores, 0.5).tolist() == at_once.blurred(scores, 0.5).tolist()
    strongest = [a.by_row(a.strongest(rows, scores, 0.5)) for a in (grown, at_once)]
    assert strongest[0].tolist() == strongest[1].tolist()


def test_many_passages_at_once_find_their_places_among_those_before():
    first = [(session, place) for session in range(3) for place in range(40)]
    later = [(session, place) for session in range(3) for place in range(40, 80)]
    assert len(later) > neighbours.FEW
    grown, at_once = laid_out([first, later]), laid_out([first + later])
    scores = np.arange(240, dtype=np.float32)
    assert grown.blurred(scores, 0.5).tolist() == at_once.blurred(scores, 0.5).tolist()


def test_an_older_layout_keeps_its_answers_when_a_newer_one_is_made():
    first = laid_out([[(0, 0), (0, 1)]])
    first.extended(np.array([0], dtype=np.int32), np.array([2], dtype=np.int64))
    assert first.blurred(np.array([1, 2], dtype=np.float32), 0.5).tolist() == [2.0, 2.5]

"""Word lists that grow give the same answers as lists built at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from context_manager.index import Column, LayeredPostings, Matrix

rows = st.lists(st.dictionaries(st.integers(0, 20), st.integers(1, 255), max_size=5), max_size=40)


def extend(postings: LayeredPostings, part: list[dict[int, int]]) -> LayeredPostings:
    terms = np.array([term for row in part for term in sorted(row)], dtype=np.uint64)
    counts = np.array([row[term] for row in part for term in sorted(row)], dtype=np.uint8)
    sizes = np.array([len(row) for row in part], dtype=np.int64)
    return postings.extended(terms, sizes, counts)


@given(rows, st.lists(st.integers(0, 40), max_size=4))
def test_any_order_of_growing_gives_every_row_of_every_term(data, cuts):
    postings = LayeredPostings()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        postings = extend(postings, data[start:end])
    for term in range(21):
        found, counts = postings.rows(term)
        expected = [(i, row[term]) for i, row in enumerate(data) if term in row]
        assert list(zip(found.tolist(), counts.tolist(), strict=True)) == expected


def test_rows_added_one_by_one_are_kept_in_few_segments_and_none_is_lost():
    postings = LayeredPostings()
    most = 0
    for number in range(1200):
        postings = extend(postings, [{number % 7: 1, 99: 2}])
        most = max(most, postings.segments)
    assert most <= 6
    assert postings.rows(99)[0].tolist() == list(range(1200))
    assert postings.rows(3)[0].tolist() == list(range(3, 1200, 7))


def test_terms_that_differ_in_their_lowest_bits_alone_are_told_apart():
    near = [2**63 + low for low in (0, 1, 2)]
    data = [{near[number % 3]: 1, near[(number + 1) % 3]: 2} for number in range(9)]
    postings = extend(LayeredPostings(), data)
    for place, term in enumerate(near):
        assert postings.rows(term)[0].tolist() == [n for n in range(9) if (n - place) % 3 != 1]


def test_an_older_state_keeps_its_answers_when_a_newer_one_is_made():
    first = extend(LayeredPostings(), [{1: 1}])
    extend(first, [{1: 1}])
    assert first.rows(1)[0].tolist() == [0]


def test_a_view_of_a_column_keeps_its_values_while_the_column_grows():
    column = Column(np.int32)
    column.extend([1, 2, 3])
    view = column.rows
    column.extend(range(10_000))
    assert view.tolist() == [1, 2, 3]
    assert len(column) == 10_003


def test_a_pending_row_of_a_matrix_is_zero_until_filled():
    matrix = Matrix(2)
    matrix.extend(np.zeros((1, 2)))
    assert matrix.rows.tolist() == [[0, 0]]
    matrix.fill(0, np.array([0.6, 0.8], dtype=np.float32))
    assert matrix.rows[0].tolist() == [np.float32(0.6), np.float32(0.8)]

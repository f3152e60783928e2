"""Rows kept as columns are the rows they were made from."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from context_manager.errors import CorruptStoreError
from context_manager.store.protocol import PassageRow
from context_manager.store.table import Table


def passage(number: int, vector: bytes | None) -> PassageRow:
    return PassageRow(number, 0, 0, 9, 3, b"words", vector)


def numbers(number: int) -> bytes:
    return struct.pack("<3f", number, 0.0, 1.0)


@pytest.mark.parametrize(
    "without",
    [set(), {0}, set(range(700)), {699, 1200, 1399}, set(range(1400))],
    ids=["none", "the first", "more than a portion", "some", "all"],
)
def test_rows_come_back_as_they_were_whichever_vectors_are_missing(without: set[int]) -> None:
    rows = [passage(at, None if at in without else numbers(at)) for at in range(1400)]
    table = Table(PassageRow, rows, expected=1000)
    assert list(table) == rows
    assert (table[0], table[-1], len(table)) == (rows[0], rows[-1], 1400)
    assert table == Table(PassageRow, map(tuple, rows))
    vectors = table.column("vector")
    assert set(vectors.missing) == without
    matrix = vectors.matrix(3).rows
    assert matrix.shape == (1400, 3)
    shown = [np.zeros(3) if at in without else [at, 0, 1] for at in range(1400)]
    assert np.array_equal(matrix, np.array(shown, dtype=np.float32))


def test_vectors_of_different_lengths_are_damage() -> None:
    rows = [passage(0, numbers(0)), passage(1, b"1234")]
    with pytest.raises(CorruptStoreError, match="verify"):
        Table(PassageRow, rows)

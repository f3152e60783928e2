"""What every index of vectors must do, as a class of tests to inherit from.

Its author defines ``make(dimension)`` and runs pytest. This file knows the protocol only; each
test's name states a promise. What is near is judged by the vectors themselves.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from context_manager.index.columns import Matrix
from context_manager.index.protocol import Floats, VectorIndex

DIMENSION = 192
ROWS = 3000
BEST = 10


def clustered(rows: int, seed: int) -> Floats:
    """Unit vectors in sixty groups that all lie to one side, like those of texts; the groups are
    the same for every seed.
    """
    centres = np.random.default_rng(0).standard_normal((60, DIMENSION)) + 0.7
    chance = np.random.default_rng(seed)
    vectors = centres[chance.integers(0, 60, rows)] + chance.standard_normal((rows, DIMENSION))
    unit: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


class VectorIndexContract:
    """Inherit, define `make`, and every promise of the `VectorIndex` protocol becomes a test."""

    recall = 0.95
    """Of the true best ten, so many are among the best ten found, on average."""

    near = 0.01
    """How far the cosine of a row that was found may be from the true one."""

    def make(self, dimension: int) -> VectorIndex:
        """An empty index that uses all it has at 3,000 rows."""
        raise NotImplementedError

    @pytest.fixture
    def vectors(self) -> Floats:
        """The rows of most tests."""
        return clustered(ROWS, 1)

    @pytest.fixture
    def index(self, vectors: Floats) -> VectorIndex:
        """An index that holds them, filled in portions of different sizes."""
        index = self.make(DIMENSION)
        for start, end in ((0, 1), (1, 700), (700, ROWS)):
            index.extend(vectors[start:end])
        return index

    def test_an_empty_index_gives_nothing(self) -> None:
        index = self.make(DIMENSION)
        assert len(index) == 0
        assert index.frozen(()).cosines(clustered(1, 2)[0]).shape == (0,)

    def test_every_row_has_a_cosine(self, index: VectorIndex) -> None:
        found = index.frozen(()).cosines(clustered(1, 2)[0])
        assert (len(index), found.shape) == (ROWS, (ROWS,))
        assert found.dtype == np.float32
        assert np.isfinite(found).all()

    def test_rows_handed_over_are_as_those_that_were_copied(
        self, index: VectorIndex, vectors: Floats
    ) -> None:
        taking, question = self.make(DIMENSION), clustered(1, 2)[0]
        for start, end in ((0, 700), (700, ROWS)):
            matrix = Matrix(DIMENSION)
            matrix.extend(vectors[start:end])
            taking.take(matrix)
        for each in (taking, index):
            each.extend(vectors[:10])
        found, expected = (each.frozen(()).cosines(question) for each in (taking, index))
        best = sorted(_best(expected))
        assert len(taking) == ROWS + 10
        assert np.abs(found[best] - expected[best]).max() <= self.near

    def test_the_nearest_rows_are_found(self, index: VectorIndex, vectors: Floats) -> None:
        frozen, shares = index.frozen(()), []
        for question in clustered(20, 3):
            found, true = frozen.cosines(question), vectors @ question
            shares.append(len(_best(found) & _best(true)) / BEST)
        assert np.mean(shares) >= self.recall

    def test_what_is_nearest_has_its_cosine(self, index: VectorIndex, vectors: Floats) -> None:
        question = clustered(1, 4)[0]
        found = index.frozen(()).cosines(question)
        best = sorted(_best(found))
        assert np.abs(found[best] - (vectors @ question)[best]).max() <= self.near

    def test_all_cosines_together_are_spread_as_they_should_be(
        self, index: VectorIndex, vectors: Floats
    ) -> None:
        """Ranking standardises them, so mean and deviation must be about right."""
        question = clustered(1, 5)[0]
        found, true = index.frozen(()).cosines(question), vectors @ question
        assert abs(found.mean() - true.mean()) <= 0.02
        assert 0.6 <= found.std() / true.std() <= 1.4

    def test_the_nearest_are_found_among_few(self, index: VectorIndex, vectors: Floats) -> None:
        """However few rows matter and however far they are, their best comes first."""
        question = vectors[0]
        true = vectors @ question
        far = np.argsort(true)[:40]
        among = np.zeros(ROWS, dtype=np.bool_)
        among[far] = True
        found = index.frozen(()).cosines(question, among)
        best = far[np.argmax(found[far])]
        assert true[best] >= true[far].max() - 2 * self.near

    def test_a_pending_row_has_no_cosine_until_it_is_filled(self, vectors: Floats) -> None:
        index = self.make(DIMENSION)
        blank = vectors.copy()
        blank[[5, 2500]] = 0
        index.extend(blank)
        waiting = index.frozen({5, 2500}).cosines(vectors[5])
        assert np.flatnonzero(np.isnan(waiting)).tolist() == [5, 2500]
        index.fill(5, vectors[5])
        index.fill(2500, vectors[2500])
        found = index.frozen(()).cosines(vectors[5])
        assert int(np.argmax(found)) == 5
        assert int(np.argmax(index.frozen(()).cosines(vectors[2500]))) == 2500

    def test_a_row_may_be_written_over(self, index: VectorIndex) -> None:
        other = clustered(1, 6)[0]
        for _ in range(2):
            index.fill(1200, other)
        assert int(np.argmax(index.frozen(()).cosines(other))) == 1200

    def test_what_was_frozen_does_not_grow(self, index: VectorIndex) -> None:
        frozen = index.frozen(())
        index.extend(clustered(500, 7))
        assert frozen.cosines(clustered(1, 8)[0]).shape == (ROWS,)
        assert index.frozen(()).cosines(clustered(1, 8)[0]).shape == (ROWS + 500,)

    def test_no_question_is_changed(self, index: VectorIndex) -> None:
        question = clustered(1, 9)[0]
        kept = question.copy()
        index.frozen(()).cosines(question)
        assert np.array_equal(question, kept)


def _best(cosines: Floats) -> set[int]:
    rows: NDArray[np.intp] = np.argsort(-cosines)[:BEST]
    return set(rows.tolist())

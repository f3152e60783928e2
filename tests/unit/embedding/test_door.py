"""No vector that cannot be compared gets in, and the error says which text's it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from context_manager.embedding import CallableEmbedder, EmbeddingProvider
from context_manager.embedding.door import unit_rows
from context_manager.errors import EmbeddingError

GOOD = [3.0, 4.0]
UNUSABLE = {
    "NaN": ([GOOD, [float("nan"), 1.0]], 1, "NaN"),
    "infinity": ([GOOD, [float("inf"), 1.0]], 1, "infinite"),
    "minus infinity": ([[float("-inf"), 1.0], GOOD], 0, "infinite"),
    "all zeros": ([GOOD, [0.0, 0.0]], 1, "zeros"),
    "huge": ([GOOD, [1e30, 1e30]], 1, "length"),
    "beyond float64": ([GOOD, [1e300, 1e300]], 1, "length"),
    "tiny": ([GOOD, [1e-30, 0.0]], 1, "length"),
    "too wide": ([GOOD, [1.0, 2.0, 3.0]], 1, "3 numbers"),
    "all too wide": ([[1.0, 2.0, 3.0]] * 2, 0, "expected 2"),
    "empty row": ([GOOD, []], 1, "0 numbers"),
    "strings": ([GOOD, ["0.1", "0.2"]], 1, "not a list of numbers"),
    "one string": ([GOOD, "0.1 0.2"], 1, "not a list of numbers"),
    "None": ([GOOD, None], 1, "not a list of numbers"),
    "half a row": ([GOOD, [0.1, None]], 1, "not a list of numbers"),
    "nested": ([GOOD, [[0.1, 0.2]]], 1, "not a list of numbers"),
    "ragged inside": ([GOOD, [0.1, [0.2]]], 1, "not a list of numbers"),
    "booleans": ([GOOD, [True, False]], 1, "not a list of numbers"),
    "fewer": ([GOOD], None, "expected 2"),
    "more": ([GOOD] * 3, None, "expected 2"),
    "none at all": ([], None, "expected 2"),
    "one number": (np.float64(1), None, "shape"),
    "one flat array": (np.ones(2), None, "shape"),
    "array of strings": (np.array([["1", "2"]] * 2), None, "numbers"),
    "array of objects": (np.array([[1.0, "2"]] * 2, dtype=object), None, "numbers"),
    "complex": (np.ones((2, 2), dtype=complex), None, "numbers"),
    "text": ("no vectors", None, "shape"),
    "nothing": (None, None, "shape"),
    "a mapping": ({"data": [GOOD, GOOD]}, None, "shape"),
}


@pytest.mark.parametrize(("vectors", "item", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_refused_is_named(vectors, item, said):
    with pytest.raises(EmbeddingError, match=said) as caught:
        unit_rows(vectors, 2, 2)
    assert caught.value.item == item
    assert item is None or f"text {item}:" in str(caught.value)


@pytest.mark.parametrize(("vectors", "item", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_broken_function_cannot_get_past_the_provider(vectors, item, said):
    provider = EmbeddingProvider(CallableEmbedder(lambda texts: vectors, dimension=2))
    with pytest.raises(EmbeddingError, match=said):
        provider.embed(["one", "two"])
    assert len(provider.cache) == 0


def test_the_item_is_counted_among_the_callers_texts_not_among_those_sent():
    def broken_for_bad(texts):
        return [[float("nan"), 1.0] if text == "bad" else GOOD for text in texts]

    provider = EmbeddingProvider(broken_for_bad)
    provider.embed(["known"])
    with pytest.raises(EmbeddingError, match="text 3:") as caught:
        provider.embed(["known", "known", "new", "bad"])
    assert caught.value.item == 3


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "uint8"])
def test_any_numbers_become_float32_of_unit_length(dtype):
    rows = unit_rows(np.array([[3, 4], [0, 5]], dtype=dtype), 2)
    assert rows.dtype == np.float32
    assert np.allclose(rows, [[0.6, 0.8], [0, 1]], atol=1e-6)


def test_rows_may_be_arrays_of_different_kinds_and_byte_orders():
    rows = unit_rows([np.array([3, 4]), (3.0, 4.0), np.array([3, 4], dtype=">f4")], 3)
    assert np.allclose(rows, [[0.6, 0.8]] * 3)


def test_no_texts_give_an_empty_array_of_the_right_width():
    assert unit_rows([], 0, 7).shape == (0, 7)


@given(
    arrays.arrays(
        np.float64, (3, 4), elements=st.floats(allow_nan=True, allow_infinity=True, width=64)
    )
)
def test_what_passes_is_finite_and_of_unit_length(vectors):
    try:
        rows = unit_rows(vectors, 3, 4)
    except EmbeddingError:
        return
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)

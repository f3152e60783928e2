"""The test embedder is fast, the same in every process, and near for texts that share words."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.errors import ConfigError
from context_manager.testing.embedders import HashEmbedder


@given(st.lists(st.text(), max_size=4), st.integers(1, 200))
def test_any_text_gives_a_unit_row(texts, dimension):
    rows = HashEmbedder(dimension).embed(texts)
    assert rows.shape == (len(texts), dimension)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_processes_with_other_hash_seeds_agree():
    script = (
        "from context_manager.testing.embedders import HashEmbedder as H;"
        "print(H().embed(['naïve café', '🙂', '']).tobytes().hex())"
    )
    seen = {
        subprocess.check_output(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_shared_words_bring_texts_near():
    asked, near, far = HashEmbedder().embed(
        ["where is the spare key", "the spare key is in the shed", "taxes fall due on monday"]
    )
    assert asked @ near > asked @ far + 0.3


def test_it_needs_a_dimension():
    with pytest.raises(ConfigError):
        HashEmbedder(0)

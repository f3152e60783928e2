"""The cache is bounded, forgets what it is told to, keeps no text, and is safe between threads."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from context_manager.embedding.cache import VectorCache

ROW = np.array([0.6, 0.8], dtype=np.float32)


def test_the_least_recently_used_leaves_first():
    cache = VectorCache(2)
    cache.put("a", ROW)
    cache.put("b", ROW)
    assert cache.get("a") is not None
    cache.put("c", ROW)
    assert cache.get("b") is None
    assert cache.get("a") is not None
    assert len(cache) == 2


def test_capacity_zero_keeps_nothing():
    cache = VectorCache(0)
    cache.put("a", ROW)
    assert (cache.get("a"), len(cache)) == (None, 0)


def test_a_kept_row_is_a_copy_that_nobody_can_change():
    cache = VectorCache(2)
    row = ROW.copy()
    cache.put("a", row)
    row[:] = 0
    kept = cache.get("a")
    assert kept is not None
    assert np.array_equal(kept, ROW)
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 1


def test_forgetting_drops_what_it_names():
    cache = VectorCache(3)
    for text in ("a", "b", "lone \ud800"):
        cache.put(text, ROW)
    cache.discard(["a", "lone \ud800", "never seen"])
    assert [cache.get(text) is None for text in ("a", "b", "lone \ud800")] == [True, False, True]
    cache.clear()
    assert len(cache) == 0


def test_no_text_is_kept_and_another_process_has_other_keys():
    script = (
        "from context_manager.embedding.cache import VectorCache as C; import numpy as np;"
        "c = C(1); c.put('a canary', np.ones(2, dtype=np.float32)); print(list(c._rows)[0].hex())"
    )
    keys = {subprocess.check_output([sys.executable, "-c", script]) for _ in range(2)}
    assert len(keys) == 2
    cache = VectorCache(1)
    cache.put("a canary", ROW)
    assert b"canary" not in pickle.dumps(list(cache._rows.items()))


def test_threads_leave_it_whole():
    cache = VectorCache(50)

    def work(seed: int) -> None:
        for number in range(500):
            text = str((seed * 31 + number) % 120)
            cache.put(text, ROW * (int(text) + 1))
            row = cache.get(text)
            assert row is None or np.array_equal(row, ROW * (int(text) + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(cache) <= 50

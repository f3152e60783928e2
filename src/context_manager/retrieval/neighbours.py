"""Decides how much of what an entry says is also said by the entries around it.

A question is often answered in the message after the one it resembles. Scores therefore flow
to the neighbours in the same session. Must not know what the scores mean.
"""

import numpy as np

from context_manager.retrieval.corpus import Corpus, Floats, Rows


def around(corpus: Corpus, values: Floats, reach: int = 1) -> Floats:
    """Return, for each entry, the sum of its neighbours' values up to ``reach`` steps away.

    Args:
        corpus: whose ``before`` and ``after`` are followed; sessions are never crossed.
        values: float32 [e].
        reach: steps to each side, at least 1.
    """
    total = np.zeros(len(values), dtype=np.float32)
    padded = np.append(values, np.float32(0))
    for step in (corpus.before, corpus.after):
        at = step
        for _ in range(reach):
            total += padded[at]
            at = _follow(step, at)
    return total


def _follow(step: Rows, at: Rows) -> Rows:
    return np.append(step, np.int32(-1))[at]

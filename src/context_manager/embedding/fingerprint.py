"""Names the space of a model whose weights we cannot see, by what it does to one fixed text.

Two servers that carry the same model name may run different weights; vectors of the two must not
be mixed. The name must not change either when the same model computes a little differently on
another machine, so it holds no rounded numbers, of which one always lies near a border. It holds
which numbers of the vector stand out and their signs, cut off at the widest gap.
"""

from __future__ import annotations

import hashlib

import numpy as np

from context_manager.embedding.protocol import Vectors

PROBE = "On Tuesday the harbour pilot lent Marisol two maps, a kettle and 40 metres of rope."
FEWEST, MOST = 4, 24
"""Numbers that may stand out."""


def probe_hash(vector: Vectors) -> str:
    """Twelve hexadecimal digits of the unit vector that a model gives the `PROBE`.

    Models of 384 dimensions keep it when every number moves by 1e-6; about 1 in 300 loses it at
    1e-5 and 1 in 30 at 1e-4. A server that is noisier than that needs a stated revision.
    """
    order = np.argsort(-np.abs(vector), kind="stable")
    sizes = np.abs(vector)[order][: MOST + 1]
    gaps = sizes[:-1] - sizes[1:]
    fewest = min(FEWEST, len(gaps))
    count = int(np.argmax(gaps[fewest - 1 :])) + fewest if len(gaps) else len(vector)
    marks = sorted(f"{place}{'+' if vector[place] > 0 else '-'}" for place in order[:count])
    return hashlib.sha256(f"{len(vector)} {' '.join(marks)}".encode()).hexdigest()[:12]

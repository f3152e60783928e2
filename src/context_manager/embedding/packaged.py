"""The model files in this package. Decides where they are and that they are whole.

Each file is compared with its SHA-256 once per process, when it is first used.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from context_manager.errors import EmbeddingError

FOLDER = Path(__file__).parent / "models"
MINILM = "minilm-int8.onnx"
STATIC_ROWS = "static-rows.npy"
STATIC_SCALES = "static-scales.npy"
TOKENIZER = "tokenizer.json"
CHECKSUMS = "SHA256SUMS"


@cache
def verified(name: str, folder: Path = FOLDER) -> Path:
    """The path of a model file that has been found whole.

    Raises:
        EmbeddingError: The file is missing or differs from its checksum.
    """
    path = folder / name
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbeddingError(f"model file {name} cannot be read; {_MEND}") from error
    if found != checksum(name, folder):
        raise EmbeddingError(f"model file {name} differs from its checksum; {_MEND}")
    return path


@cache
def checksum(name: str, folder: Path = FOLDER) -> str:
    """The SHA-256 that a model file must have, 64 hexadecimal digits; reads no model."""
    lines = (folder / CHECKSUMS).read_text(encoding="ascii").splitlines()
    known = {file: digest for digest, _, file in (line.partition("  ") for line in lines)}
    if name not in known:
        raise EmbeddingError(f"model file {name} has no checksum; {_MEND}")
    return known[name]


_MEND = "reinstall context-manager"

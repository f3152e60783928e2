"""A damaged model file is found before it computes anything."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from context_manager.embedding.packaged import (
    CHECKSUMS,
    FOLDER,
    MINILM,
    STATIC_ROWS,
    STATIC_SCALES,
    TOKENIZER,
    checksum,
    verified,
)
from context_manager.errors import EmbeddingError


@pytest.mark.parametrize("name", [MINILM, STATIC_ROWS, STATIC_SCALES, TOKENIZER])
def test_each_file_is_whole(name):
    assert verified(name).name == name
    assert checksum(name) == hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()


def test_every_file_of_the_folder_is_accounted_for():
    listed = {line.split()[1] for line in (FOLDER / CHECKSUMS).read_text().splitlines()}
    assert {path.name for path in FOLDER.iterdir()} == listed | {CHECKSUMS, "LICENSE", "NOTICE"}


def test_the_origin_and_licence_are_told():
    assert "Apache License" in (FOLDER / "LICENSE").read_text()
    assert "sentence-transformers/all-MiniLM-L6-v2" in (FOLDER / "NOTICE").read_text()


def test_one_changed_byte_is_noticed(tmp_path):
    shutil.copy(FOLDER / CHECKSUMS, tmp_path)
    blob = bytearray((FOLDER / STATIC_SCALES).read_bytes())
    blob[5_000] ^= 1
    (tmp_path / STATIC_SCALES).write_bytes(blob)
    with pytest.raises(EmbeddingError, match=r"static-scales.npy differs.*reinstall"):
        verified(STATIC_SCALES, tmp_path)


def test_a_missing_file_and_a_missing_checksum_are_told(tmp_path):
    shutil.copy(FOLDER / CHECKSUMS, tmp_path)
    with pytest.raises(EmbeddingError, match="cannot be read"):
        verified(MINILM, tmp_path)
    with pytest.raises(EmbeddingError, match="no checksum"):
        checksum("other.onnx", tmp_path)

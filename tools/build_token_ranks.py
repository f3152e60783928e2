"""Rebuild the bundled token ranks from a wheel that carries OpenAI's ``.tiktoken`` files.

The files are found by their checksum, so any wheel that holds them will do, whatever it calls
them. Two that do:

    pip download --no-deps litellm
    python tools/build_token_ranks.py litellm-*.whl

With ``--check`` nothing is written; the exit code is 1 unless the committed blobs stand for
exactly the files in the wheel.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import sys
import zipfile
from pathlib import Path

from context_manager.errors import TokenizerError
from context_manager.tokens.encodings import SPECS
from context_manager.tokens.ranks import checksum, pack, tiktoken_file, unpack

DATA = Path(__file__).parents[1] / "src" / "context_manager" / "tokens" / "data"
SMALLEST = 1_000_000  # bytes; every .tiktoken file of interest is larger


def rank_files(wheel: Path) -> dict[str, bytes]:
    """Return the ``.tiktoken`` files in a wheel, by the name of their encoding."""
    names = {spec.sha256: name for name, spec in SPECS.items()}
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.file_size < SMALLEST:
                continue
            content = archive.read(member)
            name = names.get(hashlib.sha256(content).hexdigest())
            if name:
                found[name] = content
    return found


def tokens_of(content: bytes) -> list[bytes]:
    """Return the tokens of a ``.tiktoken`` file in rank order."""
    tokens = [base64.b64decode(line.split()[0]) for line in content.splitlines()]
    if tiktoken_file(tokens) != content:
        raise SystemExit("the ranks of this file have gaps; the blob's format cannot hold it")
    return tokens


def check(name: str, content: bytes) -> bool:
    """Tell whether the committed blob of an encoding stands for ``content``."""
    try:
        ranks = unpack((DATA / f"{name}.xz").read_bytes(), SPECS[name].unpacked)
    except (OSError, TokenizerError) as error:
        print(f"{name}: {error}")
        return False
    return list(ranks) == tokens_of(content)


def main() -> int:
    """Write or check the blob of every encoding in `SPECS`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args()

    found = rank_files(options.wheel)
    missing = sorted(SPECS.keys() - found.keys())
    if missing:
        print(f"{options.wheel.name} does not hold the ranks of {', '.join(missing)}")
        return 1
    if options.check:
        return 0 if all([check(name, content) for name, content in found.items()]) else 1
    for name, content in sorted(found.items()):
        tokens = tokens_of(content)
        blob = pack(tokens)
        (DATA / f"{name}.xz").write_bytes(blob)
        print(f"{name}: {len(content):,} bytes as .tiktoken, {len(blob):,} bytes packed")
        print(f"  its checksum in encodings.py: {checksum(tokens)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

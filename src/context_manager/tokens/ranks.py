"""Decides how the ranks of an encoding are stored in the package, and that they are the right ones.

A blob is an xz stream of: the number of tokens (4 bytes, little-endian), the length of each token
in rank order (1 byte each), then the bytes of all tokens in rank order. Ranks have no gaps. Each
process checks what it unpacked by the checksum of these bytes: writing out the ``.tiktoken`` file
that they stand for (one line per token, base64 and rank), whose sum tiktoken itself pins, would
take longer than the rest. That the two belong together the tests prove.

This file knows bytes only, no text and no model.
"""

from __future__ import annotations

import hashlib
import lzma
from binascii import b2a_base64
from collections.abc import Sequence
from io import BytesIO
from itertools import count

from context_manager.errors import TokenizerError

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]


def pack(tokens: Sequence[bytes]) -> bytes:
    """Return the blob of ``tokens``, given in rank order, each 1 to 255 bytes long."""
    return lzma.compress(_laid_out(tokens), check=lzma.CHECK_CRC32, filters=_FILTERS)


def checksum(tokens: Sequence[bytes]) -> str:
    """Return the SHA-256 in hex of what a blob of ``tokens`` unpacks to."""
    return hashlib.sha256(_laid_out(tokens)).hexdigest()


def _laid_out(tokens: Sequence[bytes]) -> bytes:
    head = len(tokens).to_bytes(4, "little")
    return head + bytes(len(token) for token in tokens) + b"".join(tokens)


def unpack(blob: bytes, sha256: str) -> dict[bytes, int]:
    """Return the ranks of a blob made by `pack`.

    Args:
        blob: The compressed ranks.
        sha256: Expected `checksum`.

    Returns:
        Token bytes to rank.

    Raises:
        TokenizerError: The blob is damaged or is not the one that was expected.
    """
    try:
        data = lzma.decompress(blob)
    except lzma.LZMAError as error:
        raise TokenizerError(f"the bundled token ranks cannot be unpacked: {error}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise TokenizerError(
            f"the bundled token ranks have the checksum {found}, expected {sha256}; "
            "reinstall the package"
        )
    first = 4 + int.from_bytes(data[:4], "little")
    tokens = BytesIO(data)
    tokens.seek(first)
    return dict(zip(map(tokens.read, data[4:first]), count()))


def tiktoken_file(tokens: Sequence[bytes] | dict[bytes, int]) -> bytes:
    """Return the ``.tiktoken`` file of ``tokens``, which are given in rank order."""
    return b"".join(
        b"%s %d\n" % (b2a_base64(token, newline=False), rank) for rank, token in enumerate(tokens)
    )

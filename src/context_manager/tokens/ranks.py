"""Decides how the ranks of an encoding are stored in the package, and that they are the right ones.

A blob is an xz stream of: the number of tokens (4 bytes, little-endian), the length of each token
in rank order (1 byte each), then the bytes of all tokens in rank order. Ranks have no gaps. The
checksum is taken over the ``.tiktoken`` file that the blob stands for (one line per token, base64
and rank), because that is the sum which tiktoken itself pins for the download.

This file knows bytes only, no text and no model.
"""

from __future__ import annotations

import hashlib
import lzma
from binascii import b2a_base64
from collections.abc import Sequence
from itertools import accumulate, pairwise

from context_manager.errors import TokenizerError

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]


def pack(tokens: Sequence[bytes]) -> bytes:
    """Return the blob of ``tokens``, given in rank order, each 1 to 255 bytes long."""
    head = len(tokens).to_bytes(4, "little")
    body = bytes(len(token) for token in tokens) + b"".join(tokens)
    return lzma.compress(head + body, check=lzma.CHECK_CRC32, filters=_FILTERS)


def unpack(blob: bytes, sha256: str) -> dict[bytes, int]:
    """Return the ranks of a blob made by `pack`.

    Args:
        blob: The compressed ranks.
        sha256: Expected checksum of the ``.tiktoken`` file that the blob stands for, in hex.

    Returns:
        Token bytes to rank.

    Raises:
        TokenizerError: The blob is damaged or is not the one that was expected.
    """
    try:
        data = lzma.decompress(blob)
    except lzma.LZMAError as error:
        raise TokenizerError(f"the bundled token ranks cannot be unpacked: {error}") from error
    first = 4 + int.from_bytes(data[:4], "little")
    edges = pairwise(accumulate(data[4:first], initial=first))
    ranks = {data[start:end]: rank for rank, (start, end) in enumerate(edges)}
    found = hashlib.sha256(tiktoken_file(ranks)).hexdigest()
    if found != sha256:
        raise TokenizerError(
            f"the bundled token ranks have the checksum {found}, expected {sha256}; "
            "reinstall the package"
        )
    return ranks


def tiktoken_file(tokens: Sequence[bytes] | dict[bytes, int]) -> bytes:
    """Return the ``.tiktoken`` file of ``tokens``, which are given in rank order."""
    return b"".join(
        b"%s %d\n" % (b2a_base64(token, newline=False), rank) for rank, token in enumerate(tokens)
    )

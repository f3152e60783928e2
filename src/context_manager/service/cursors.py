"""Where a page of a list ended, as a token that tells a client nothing.

A store's row numbers run over all users, so they must not be seen. A token is the number behind a
small Feistel network keyed for one partition, with a tag that refuses tokens of others.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

from context_manager.records import Partition
from context_manager.service.refusals import Refused

_ROUNDS = 4
_HALF = 4


class Cursors:
    """Tokens for the rows of one partition.

    Args:
        secret: The store's secret.
        partition: Whose rows.
    """

    def __init__(self, secret: bytes, partition: Partition) -> None:
        told = "\0".join(partition).encode()
        self._key = blake2b(told, key=secret, person=b"cm-cursors", digest_size=32).digest()

    def token(self, row: int) -> str:
        """The token of a row number."""
        left, right = divmod(row, 2**32)
        for step in range(_ROUNDS):
            left, right = right, left ^ self._mixed(step, right)
        packed = left.to_bytes(_HALF, "big") + right.to_bytes(_HALF, "big")
        return urlsafe_b64encode(packed + self._tag(packed)).decode()

    def row(self, token: str) -> int:
        """The row number of a token.

        Raises:
            Refused: It was not given out for this partition.
        """
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except ValueError as error:
            raise _unknown() from error
        packed, tag = raw[: 2 * _HALF], raw[2 * _HALF :]
        if tag != self._tag(packed):
            raise _unknown()
        left, right = int.from_bytes(packed[:_HALF], "big"), int.from_bytes(packed[_HALF:], "big")
        for step in reversed(range(_ROUNDS)):
            left, right = right ^ self._mixed(step, left), left
        return left * 2**32 + right

    def _mixed(self, step: int, half: int) -> int:
        told = bytes([step]) + half.to_bytes(_HALF, "big")
        return int.from_bytes(blake2b(told, key=self._key, digest_size=_HALF).digest(), "big")

    def _tag(self, packed: bytes) -> bytes:
        return blake2b(b"tag" + packed, key=self._key, digest_size=4).digest()


def _unknown() -> Exception:
    return Refused(404, "not-found", "Not found", "This list has no such page; begin it anew.")

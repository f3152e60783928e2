"""How vectors are kept where pgvector finds the nearest: a table for each model of a large memory.

This file decides names and bytes. A table of its own lets the index hold one user's vectors and no
others, so that no filter has to find them among everybody's.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from context_manager.store.finding import BLOCK

_HEADER = struct.Struct(">hh")


def near_table(part: int, model: int) -> str:
    """The name of the table that holds a partition's vectors of a model."""
    return f"near_{part:d}_{model:d}"


def blocks_of(keys: Sequence[int]) -> list[int]:
    """The blocks that entries are in, ascending."""
    return sorted({key // BLOCK for key in keys})


class Half:
    """A vector in pgvector's binary form of half the precision.

    Args:
        vector: float32, little-endian.
    """

    __slots__ = ("packed",)

    def __init__(self, vector: bytes) -> None:
        numbers = np.frombuffer(vector, dtype="<f4").astype(">f2")
        self.packed = _HEADER.pack(len(numbers), 0) + numbers.tobytes()


def send_halves(connection: Connection[tuple[object, ...]], oid: int) -> None:
    """Let a connection send `Half` as the type of this number."""
    connection.adapters.register_dumper(Half, _dumper(oid))


def _dumper(oid: int) -> type[Dumper]:
    return type("_HalfDumper", (_HalfDumper,), {"oid": oid})


class _HalfDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Half) -> Buffer | None:
        return obj.packed

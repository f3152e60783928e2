"""How text that PostgreSQL cannot hold is kept all the same.

This file decides one thing: a text column holds no NUL, so NUL and the escape itself are written as
two characters, on every connection of ours, in every parameter and every result. Equal texts stay
equal and different ones different, so comparisons and unique keys mean what they meant.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.types.string import StrBinaryDumper, TextBinaryLoader, TextLoader

_ESCAPE = "\x1a"
_NUL = _ESCAPE + "0"
_SELF = _ESCAPE + "1"


def escaped(text: str) -> str:
    """The text without NUL; most texts are returned as they are."""
    if "\0" in text or _ESCAPE in text:
        return text.replace(_ESCAPE, _SELF).replace("\0", _NUL)
    return text


def unescaped(text: str) -> str:
    """The text that `escaped` was given."""
    if _ESCAPE in text:
        return text.replace(_NUL, "\0").replace(_SELF, _ESCAPE)
    return text


class _Dumper(StrBinaryDumper):
    def dump(self, obj: str) -> Buffer | None:
        return escaped(obj).encode()


class _Loader(TextLoader):
    def load(self, data: Buffer) -> str:
        return unescaped(str(data, "utf-8"))


class _BinaryLoader(TextBinaryLoader):
    def load(self, data: Buffer) -> str:
        return unescaped(str(data, "utf-8"))


def hold_any_text(connection: Connection[Any]) -> None:
    """Escape what is sent over this connection and read back what comes."""
    connection.adapters.register_dumper(str, _Dumper)
    for loader in (_Loader, _BinaryLoader):
        connection.adapters.register_loader("text", loader)

"""From the bytes of a body to plain values. Decides what is read at all, and how much of it.

A body is JSON in UTF-8, plain or gzipped. What it unpacks to is bounded while it is unpacked, so a
small body cannot become a large one. It knows no route.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from context_manager.service.refusals import malformed, too_large, unsupported_media

GZIP = 16 + zlib.MAX_WBITS
MAX_PARAMETERS = 32
MAX_QUERY = 8192


def check_head(headers: Mapping[str, str], most: int, media_types: tuple[str, ...]) -> None:
    """Refuse a body by what its headers say, before it is read.

    Raises:
        Refused: Another type, an unknown encoding, or too long.
    """
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 20):
        raise malformed("Content-Length is no number.")
    if int(length) > most:
        raise too_large(f"The body is longer than {most} bytes.")
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    empty = length == "0" and "transfer-encoding" not in headers
    if not empty and media_type.strip().lower() not in media_types:
        raise unsupported_media(f"Send the body as {' or '.join(media_types)}.")
    charset = parameters.lower().partition("charset=")[2].split(";")[0].strip().strip('"')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise unsupported_media("Send the body in UTF-8.")
    if headers.get("content-encoding", "identity").strip().lower() not in ("identity", "gzip"):
        raise unsupported_media("Send the body plain or gzipped.")


def unpacked(body: bytes, headers: Mapping[str, str], most: int) -> bytes:
    """The body as it was before it was packed.

    Raises:
        Refused: Too long, or damaged.
    """
    if len(body) > most:
        raise too_large(f"The body is longer than {most} bytes.")
    if headers.get("content-encoding", "").strip().lower() != "gzip":
        return body
    unpack = zlib.decompressobj(GZIP)
    try:
        plain = unpack.decompress(body, most + 1)
    except zlib.error as error:
        raise malformed("The gzipped body is damaged.") from error
    if len(plain) > most:
        raise too_large(f"The body unpacks to more than {most} bytes.")
    if not unpack.eof or unpack.unused_data:
        raise malformed("The gzipped body is damaged.")
    return plain


def parsed(body: bytes, depth: int) -> dict[str, Any]:
    """The object that a body holds; an empty body holds an empty one.

    Raises:
        Refused: No JSON object, or one that is nested too deep.
    """
    if not body:
        return {}
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise malformed("The body is not UTF-8.") from error
    except RecursionError as error:
        raise malformed(f"The body is nested deeper than {depth}.", 422) from error
    except ValueError as error:
        raise malformed("The body is not JSON.") from error
    if not isinstance(value, dict):
        raise malformed("The body must be a JSON object.", 422)
    if deeper_than(value, depth):
        raise malformed(f"The body is nested deeper than {depth}.", 422)
    return value


def deeper_than(value: Any, depth: int) -> bool:
    """Whether a JSON value is nested deeper than that; an object of plain values has depth 1."""
    level = [value]
    for _ in range(depth):
        level = [
            item
            for holder in level
            if isinstance(holder, (dict, list))
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def parameters(query: str) -> dict[str, str]:
    """The parameters of a query string.

    Raises:
        Refused: Too many, too long, or one of them given twice.
    """
    if len(query) > MAX_QUERY:
        raise malformed(f"The query string is longer than {MAX_QUERY} characters.", 414)
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict"
        )
    except ValueError as error:
        raise malformed("The query string cannot be read.") from error
    found = dict(pairs)
    if len(found) < len(pairs):
        raise malformed("A parameter is given twice.", 422)
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

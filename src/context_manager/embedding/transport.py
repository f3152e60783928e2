"""One HTTP POST with a bound on time and size, over the standard library.

Decides nothing about embeddings. Exchange it for a function with the same signature where a proxy
or a client certificate is needed, or in tests.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

MOST_BYTES = 64 * 1024 * 1024
_PORTION = 65_536


class Answer(NamedTuple):
    """What a server sent; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Post: TypeAlias = Callable[[str, Mapping[str, str], bytes, float], Answer]
"""``post(url, headers, body, seconds)``; raises OSError where no answer comes."""


def post(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
    """Send a body, read the whole answer; redirects are not followed.

    Args:
        url: http or https.
        headers: Sent as they are.
        body: The payload.
        seconds: Time for all of it, a server that trickles its answer included.

    Raises:
        OSError: No connection, no answer in time, an answer above 64 MB, or one that is not HTTP.
    """
    end = time.monotonic() + seconds
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=seconds)
    try:
        connection.request("POST", parts.path or "/", body, dict(headers))
        response = connection.getresponse()
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            _read(response, end),
        )
    except http.client.HTTPException as error:
        raise ConnectionError(f"not an HTTP answer: {type(error).__name__}") from error
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, end: float) -> bytes:
    body = bytearray()
    while portion := response.read1(_PORTION):
        body += portion
        if len(body) > MOST_BYTES:
            raise ConnectionError(f"the answer is longer than {MOST_BYTES} bytes")
        if time.monotonic() > end:
            raise TimeoutError("the answer took too long")
    return bytes(body)

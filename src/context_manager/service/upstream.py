"""The provider behind the proxy, asked over HTTP: awaited, or from a thread.

This file decides what of an answer is handed on, and how a provider that cannot be asked is told.
An answer that came, whatever its status, is handed on as it is. It knows no memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from context_manager.errors import MissingExtraError
from context_manager.service.refusals import Refused, upstream_failed, upstream_timeout
from context_manager.service.settings import UpstreamSettings
from context_manager.service.wire import AskUpstream, Received

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 10.0
EVENTS = "text/event-stream"
_HANDED_ON = ("openai-", "x-ratelimit-", "retry-after", "x-should-retry")
"""Beginnings of the names of headers that a client acts on."""


class AwaitedUpstream:
    """Asks the provider on an event loop; one for each loop.

    Args:
        settings: Where it is.
    """

    def __init__(self, settings: UpstreamSettings) -> None:
        self._settings = settings
        self._client: httpx.AsyncClient | None = None

    async def ask(self, asked: AskUpstream) -> Received:
        """The answer; of a stream, its beginning.

        Raises:
            Refused: It cannot be reached, or took too long.
        """
        httpx = _httpx()
        if self._client is None:
            self._client = httpx.AsyncClient(**_options(self._settings))
        try:
            request = self._client.build_request(**_request(self._settings, asked))
            response = await self._client.send(request, stream=True)
            if _streams(response):
                return _received(response, pieces=AwaitedPieces(response))
            try:
                return _received(response, body=await response.aread())
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise _refused(error) from error

    async def aclose(self) -> None:
        """Release the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


class BlockingUpstream:
    """Asks the provider from the calling thread; one for all threads.

    Args:
        settings: Where it is.
    """

    def __init__(self, settings: UpstreamSettings) -> None:
        self._settings = settings
        self._client: httpx.Client | None = None
        self._making = Lock()

    def ask(self, asked: AskUpstream) -> Received:
        """The answer; of a stream, its beginning.

        Raises:
            Refused: It cannot be reached, or took too long.
        """
        httpx = _httpx()
        with self._making:
            if self._client is None:
                self._client = httpx.Client(**_options(self._settings))
            client = self._client
        try:
            request = client.build_request(**_request(self._settings, asked))
            response = client.send(request, stream=True)
            if _streams(response):
                return _received(response, pieces=Pieces(response))
            try:
                return _received(response, body=response.read())
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise _refused(error) from error


class AwaitedPieces:
    """The body of a stream as it comes.

    Args:
        response: The open answer.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_bytes()

    async def aclose(self) -> None:
        """Hang up."""
        await self._response.aclose()


class Pieces:
    """The body of a stream as it comes.

    Args:
        response: The open answer.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_bytes()

    def close(self) -> None:
        """Hang up."""
        self._response.close()


def _httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        raise MissingExtraError("server", "httpx") from error
    return httpx


def _options(settings: UpstreamSettings) -> dict[str, Any]:
    httpx = _httpx()
    return {
        "timeout": httpx.Timeout(settings.timeout, connect=CONNECT_SECONDS),
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=32),
    }


def _request(settings: UpstreamSettings, asked: AskUpstream) -> dict[str, Any]:
    headers = {"Accept-Encoding": "identity"}
    if asked.body:
        headers["Content-Type"] = "application/json"
    key = settings.key or asked.key
    if key:
        headers["Authorization"] = f"Bearer {key}"
    url = settings.url.rstrip("/") + asked.path
    return {"method": asked.method, "url": url, "content": asked.body, "headers": headers}


def _streams(response: httpx.Response) -> bool:
    media_type: str = response.headers.get("content-type", "")
    return response.status_code == 200 and media_type.startswith(EVENTS)


def _received(response: httpx.Response, body: bytes = b"", pieces: Any = None) -> Received:
    media_type = response.headers.get("content-type", "application/json")
    return Received(response.status_code, media_type, _headers(response.headers), body, pieces)


def _headers(told: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in told.items() if name.startswith(_HANDED_ON)}
    if "x-request-id" in told:
        kept["X-Upstream-Request-Id"] = told["x-request-id"]
    return kept


def _refused(error: Exception) -> Refused:
    slow = isinstance(error, _httpx().TimeoutException)
    return upstream_timeout() if slow else upstream_failed()

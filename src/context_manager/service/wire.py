"""What passes between a web framework and the service: a request, a reply, and what to wait for.

This file decides the shapes; it knows no framework, no route and no manager. A request is answered
by a *flow* (see `context_manager.flow`): a generator that yields what it waits for, `ReadBody`,
`AskModel` or `AskUpstream`, and returns a reply. A face of the service drives it, in threads or on
an event loop, so that nothing is decided twice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from context_manager.llm.adapters import LLMAdapter

LINES = "application/x-ndjson"
"""Media type of lines of JSON."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its body.

    Args:
        method: In capitals.
        path: Below the mount point, percent-decoded, beginning with "/".
        query: The raw query string.
        headers: By lower-case name; of repeated ones all, joined by ", ".
        remote: The peer's address, "" where unknown.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    remote: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished answer.

    Args:
        status: The HTTP status.
        body: Its bytes.
        media_type: Of the body.
        headers: Further headers.
    """

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is sent while it is made.

    Args:
        content: Gives its bytes; local work only, run in a thread.
        media_type: Of the body.
        headers: Further headers.
        close: Called once when the answer was sent or its reader has gone.
    """

    content: Iterator[bytes]
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of a model that is passed on while it comes, as server-sent events.

    Args:
        ask: The question to the model.
        head: Bytes to send first.
        piece: The event for a piece of the answer.
        finish: Called with what the model said and whether it came to its end; gives the last
            bytes. Called once, also when the reader has gone.
        headers: Further headers.
        close: As on `Stream`.
    """

    ask: AskModel
    head: bytes
    piece: Callable[[str], bytes]
    finish: Callable[[str, bool], bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Passed:
    """An answer of the provider behind the proxy that is passed on byte by byte while it comes.

    Args:
        pieces: The body; closed by whoever drives.
        take: Is told each piece before it is passed on; True for the one that holds the end.
        finish: Called with whether all came, before the end is passed on; gives the last bytes.
            Called once, also when the reader has gone.
        headers: Further headers.
        close: As on `Stream`.
    """

    pieces: Any
    take: Callable[[bytes], bool]
    finish: Callable[[bool], bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


Answer: TypeAlias = Reply | Stream | Told | Passed


@dataclass(frozen=True, slots=True)
class ReadBody:
    """Wait for the body.

    Args:
        most: Bytes after which reading ends; one byte more is enough to tell that it is too long.
    """

    most: int


@dataclass(frozen=True, slots=True)
class AskModel:
    """Wait for a model's answer.

    Args:
        adapter: The model.
        prompt: What it is asked.
        max_tokens: Longest answer.
        temperature: Sampling temperature.
    """

    adapter: LLMAdapter
    prompt: str
    max_tokens: int
    temperature: float


@dataclass(frozen=True, slots=True)
class AskUpstream:
    """Wait for the answer of the provider behind the proxy; of a stream, for its beginning.

    Args:
        method: In capitals.
        path: Below the provider's base address.
        body: JSON; b"" for none.
        key: The client's own key; "" where the service speaks with the provider's key.
    """

    method: str
    path: str
    body: bytes = b""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """What the provider behind the proxy answered.

    Args:
        status: Its HTTP status.
        media_type: Of the body.
        headers: Those that a client is told.
        body: Its bytes; b"" of a stream.
        pieces: The body of a stream, as it comes: an iterator with ``close``, or an asynchronous
            one with ``aclose``; None where the body is whole.
    """

    status: int
    media_type: str
    headers: Mapping[str, str]
    body: bytes = b""
    pieces: Any = None


def below_mount(path: str, rule: str) -> str:
    """A path without what an application that includes the routes has put before them.

    Args:
        path: Of a request, as "/memory/health".
        rule: The rule that it fits, as "/health"; no variable of it holds a slash.
    """
    return "/" + "/".join(path.split("/")[-rule.count("/") :])


Step: TypeAlias = ReadBody | AskModel | AskUpstream
Flow: TypeAlias = Generator[Step, Any, Answer]

"""A provider that misbehaves on demand: an HTTP server on loopback that follows a script.

Each request takes the next *act* of the script (the last one repeats). An act is a function that
writes to the socket whatever it likes. Chat completions and Anthropic messages are spoken, plain
and streamed. It knows no client and no part of the package.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Act = Callable[["Exchange"], None]

PATIENCE = 120.0
"""Seconds for which the end of a thread is waited for; never part of a claim."""


@dataclass
class Exchange:
    """One request and the socket to answer on."""

    connection: socket.socket
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    stopped: threading.Event

    @property
    def anthropic(self) -> bool:
        """Whether the request speaks Anthropic's form."""
        return self.path.endswith("/messages")

    def send(self, data: bytes) -> None:
        """Write raw bytes."""
        self.connection.sendall(data)

    def head(self, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """Write the status line and headers of a body that ends with the connection."""
        lines = [f"HTTP/1.1 {status} Told", f"Content-Type: {kind}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def reset(self) -> None:
        """Close so that the other side sees a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _reply(exchange: Exchange, text: str | None) -> dict[str, Any]:
    if exchange.path.endswith("/responses"):
        part = {"type": "output_text", "text": text, "annotations": []}
        message = {
            "id": "m1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [part],
        }
        return {"id": "r1", "object": "response", "created_at": 0, "output": [message]}
    if exchange.anthropic:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 11, "output_tokens": 7},
        }
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def _events(exchange: Exchange, pieces: Sequence[str]) -> list[bytes]:
    if exchange.path.endswith("/responses"):
        deltas = [{"type": "response.output_text.delta", "delta": piece} for piece in pieces]
        done = {"type": "response.completed", "response": _reply(exchange, "".join(pieces))}
        return [f"event: {d['type']}\ndata: {json.dumps(d)}\n\n".encode() for d in [*deltas, done]]
    if exchange.anthropic:
        usage = {"input_tokens": 11, "output_tokens": 1}
        start = {**_reply(exchange, ""), "content": [], "usage": usage, "stop_reason": None}
        data: list[dict[str, Any]] = [
            {"type": "message_start", "message": start},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
        ]
        data += [
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": piece},
            }
            for piece in pieces
        ]
        data += [
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 7},
            },
            {"type": "message_stop"},
        ]
        return [f"event: {d['type']}\ndata: {json.dumps(d)}\n\n".encode() for d in data]
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    chunks: list[dict[str, Any]] = [
        {**chunk, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
        for piece in pieces
    ]
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    chunks.append({**chunk, "choices": [], "usage": usage})
    return [*(f"data: {json.dumps(c)}\n\n".encode() for c in chunks), b"data: [DONE]\n\n"]


def answers(text: str | None = "Fine.") -> Act:
    """Answer with this text, streamed word by word if the request asks for a stream."""

    def act(exchange: Exchange) -> None:
        if exchange.body.get("stream"):
            exchange.head(kind="text/event-stream")
            for event in _events(exchange, re.findall(r"\S+\s*", text or "")):
                exchange.send(event)
        else:
            exchange.head()
            exchange.send(json.dumps(_reply(exchange, text)).encode())

    return act


def calls_a_tool(exchange: Exchange) -> None:
    """Answer with a call of the tool ``weather``, streamed if the request asks for a stream."""
    reply = _reply(exchange, None)
    call = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    if exchange.anthropic:
        reply["content"] = [{"type": "tool_use", "id": "t1", "name": "weather", "input": {}}]
    else:
        reply["choices"][0]["message"]["tool_calls"] = [call]
    if not exchange.body.get("stream"):
        exchange.head()
        exchange.send(json.dumps(reply).encode())
        return
    exchange.head(kind="text/event-stream")
    events = _events(exchange, ["Let me look. "])
    if exchange.anthropic:
        block = {"type": "content_block_start", "index": 1, "content_block": reply["content"][0]}
        events.insert(-2, f"event: {block['type']}\ndata: {json.dumps(block)}\n\n".encode())
    else:
        delta = {"index": 0, "delta": {"tool_calls": [{"index": 0, **call}]}}
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 0, "choices": [delta]}
        events.insert(-2, f"data: {json.dumps(chunk)}\n\n".encode())
    for event in events:
        exchange.send(event)


def status(code: int, message: str = "told to fail", **headers: str) -> Act:
    """Answer with an error status."""

    def act(exchange: Exchange) -> None:
        exchange.head(code, **headers)
        error = {"type": "error", "error": {"type": "told", "message": message}}
        exchange.send(json.dumps(error).encode())

    return act


def body(text: str, kind: str = "application/json") -> Act:
    """Answer 200 with this body."""

    def act(exchange: Exchange) -> None:
        exchange.head(kind=kind)
        exchange.send(text.encode())

    return act


def truncated(exchange: Exchange) -> None:
    """Half of a JSON body, then an orderly end."""
    exchange.head()
    exchange.send(json.dumps(_reply(exchange, "Fine.")).encode()[:60])


def without_choices(exchange: Exchange) -> None:
    """A reply of the right form that holds no answer."""
    exchange.head()
    reply = {**_reply(exchange, ""), "choices": [], "content": None}
    exchange.send(json.dumps(reply).encode())


def reset(exchange: Exchange) -> None:
    """A reset before any byte."""
    exchange.reset()


def reset_mid_body(exchange: Exchange) -> None:
    """A reset within the body, or within the stream after the first piece."""
    if exchange.body.get("stream"):
        exchange.head(kind="text/event-stream")
        for event in _events(exchange, ["One ", "two ", "three."])[
            : 3 if exchange.anthropic else 1
        ]:
            exchange.send(event)
    else:
        exchange.head(Content_Length="100000")
        exchange.send(b'{"id": ')
    exchange.stopped.wait(0.1)  # let it arrive before the reset overtakes it
    exchange.reset()


def hang(exchange: Exchange) -> None:
    """Accept the request and say nothing."""
    exchange.stopped.wait()


def drip(exchange: Exchange) -> None:
    """Send one byte at a time, for ever: no single read ever waits long."""
    exchange.head(kind="text/event-stream" if exchange.body.get("stream") else "application/json")
    while not exchange.stopped.wait(0.02):
        exchange.send(b" ")


def hang_mid_stream(exchange: Exchange) -> None:
    """Send the beginning of a stream and no more."""
    exchange.head(kind="text/event-stream")
    for event in _events(exchange, ["One ", "two ", "three."])[: 3 if exchange.anthropic else 1]:
        exchange.send(event)
    exchange.stopped.wait()


@dataclass
class FaultServer:
    """A running server; `script` may be changed at any time."""

    script: list[Act]
    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    """Headers of each request, names in lower case."""
    received: threading.Event = field(default_factory=threading.Event)
    """Set when a request has arrived."""
    closed_early: threading.Event = field(default_factory=threading.Event)
    """Set when a client went away while an act was writing."""

    def _next(self) -> Act:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def serve(*script: Act) -> Iterator[FaultServer]:
    """A server that follows the script, stopped at the end with all its threads."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = FaultServer(list(script), f"http://127.0.0.1:{listener.getsockname()[1]}")
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=handle, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                exchange = _receive(connection, stopped)
                if exchange is not None:
                    server.requests.append(exchange.body)
                    server.heads.append(exchange.headers)
                    server.received.set()
                    server._next()(exchange)
            except OSError:
                server.closed_early.set()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (acceptor, *threads):
            thread.join(PATIENCE)


def _receive(connection: socket.socket, stopped: threading.Event) -> Exchange | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    while len(rest) < int(headers.get("content-length", 0)):
        more = connection.recv(65536)
        if not more:
            return None
        rest += more
    return Exchange(connection, lines[0].split()[1], headers, json.loads(rest or b"{}"), stopped)

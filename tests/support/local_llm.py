"""A language model that lives in the test: an HTTP server on loopback that answers at once.

It speaks the two request forms that the tests need (chat completions and plain completions),
records every prompt, and fails on demand. It knows no client and no part of the package.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalLLM(ThreadingHTTPServer):
    """Answers every prompt with `reply`.

    Attributes:
        reply: The text of every answer.
        status: HTTP status of every answer; anything but 200 is an error.
        prompts: Every prompt received, oldest first.
        requests: Every request body received, oldest first.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = " A short answer. "
        self.status = 200
        self.prompts: list[str] = []
        self.requests: list[dict[str, object]] = []

    @property
    def url(self) -> str:
        """Address without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, body: dict[str, object]) -> dict[str, object]:
        """The response to one request."""
        self.requests.append(body)
        if path.endswith("/chat/completions"):
            messages = body["messages"]
            assert isinstance(messages, list)
            self.prompts.append(messages[-1]["content"])
            choice: dict[str, object] = {"message": {"role": "assistant", "content": self.reply}}
        else:
            self.prompts.append(str(body["prompt"]))
            choice = {"text": self.reply}
        return {
            "id": "answer-1",
            "object": "chat.completion",
            "created": 0,
            "model": body.get("model", "test"),
            "choices": [{"index": 0, "finish_reason": "stop", **choice}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }


class _Handler(BaseHTTPRequestHandler):
    server: LocalLLM

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.server.answer(self.path, body)
        if self.server.status != 200:
            answer = {"error": {"message": "told to fail", "type": "test"}}
        payload = json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serve() -> Iterator[LocalLLM]:
    """A running server, stopped at the end."""
    server = LocalLLM()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""The service on Flask: an application, or a blueprint for an application of one's own.

This file decides how WSGI meets the service; what a request means is decided in `core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from context_manager.errors import MissingExtraError
from context_manager.flow import run
from context_manager.service.core import Service
from context_manager.service.wire import Answer, ReadBody, Reply, Request, Step, Told

try:
    from flask import Blueprint, Flask, Response, request
    from werkzeug.exceptions import HTTPException
except ImportError as _error:
    raise MissingExtraError("flask", "flask") from _error

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
CHUNK = 65_536


def create_flask_app(service: Service) -> Flask:
    """An application that serves all routes; whoever runs it closes the service at the end."""
    app = Flask("context_manager.service", static_folder=None)
    app.url_map.merge_slashes = False
    app.register_blueprint(create_blueprint(service))
    # Statuses that the framework gives by itself: no such path, no such method.
    app.register_error_handler(HTTPException, lambda error: _served(service))
    service.start()
    return app


def create_blueprint(service: Service, name: str = "context_manager") -> Blueprint:
    """All routes, to be registered with an application of one's own."""
    blueprint = Blueprint(name, __name__)

    def serve(**variables: str) -> Response:
        return _served(service)

    for prefix in ("", "/v1"):
        for path in dict.fromkeys(route.path for route in service.routes.routes):
            rule = prefix + path.replace("{", "<").replace("}", ">")
            blueprint.add_url_rule(
                rule,
                endpoint=rule.replace(".", "_"),
                view_func=serve,
                methods=METHODS,
                provide_automatic_options=False,
                strict_slashes=True,
            )
    return blueprint


def _served(service: Service) -> Response:
    answer: Answer = run(service.answer(_request()), _waited)
    if isinstance(answer, Reply):
        body: Any = answer.body
        status, media_type = answer.status, answer.media_type if answer.body else None
    else:
        body = _Told(answer) if isinstance(answer, Told) else answer.content
        status = 200
        media_type = "text/event-stream" if isinstance(answer, Told) else answer.media_type
    response = Response(body, status, dict(answer.headers))
    response.headers.remove("Content-Type")
    if media_type is not None:
        response.headers["Content-Type"] = media_type
    if not isinstance(answer, Reply):
        response.call_on_close(answer.close)
    return response


def _request() -> Request:
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.query_string.decode("latin-1")
    return Request(request.method, request.path, query, headers, request.remote_addr or "")


def _waited(step: Step) -> bytes | str:
    if isinstance(step, ReadBody):
        return _body(step.most)
    return step.adapter.complete_sync(
        step.prompt, max_tokens=step.max_tokens, temperature=step.temperature
    ).text


def _body(most: int) -> bytes:
    read = bytearray()
    while len(read) <= most:
        chunk = request.stream.read(min(CHUNK, most + 1 - len(read)))
        if not chunk:
            break
        read += chunk
    return bytes(read)


class _Told:
    """A model's answer, passed on while it comes; `close` remembers what was said until then.

    Args:
        told: What to do with it.
    """

    def __init__(self, told: Told) -> None:
        self._told = told
        self._said: list[str] = []
        self._complete = False
        self._finished = False

    def __iter__(self) -> Iterator[bytes]:
        ask = self._told.ask
        yield self._told.head
        with suppress(Exception):  # a driver of a model may raise anything; `finish` is told
            for text in ask.adapter.stream_sync(
                ask.prompt, max_tokens=ask.max_tokens, temperature=ask.temperature
            ):
                self._said.append(text)
                yield self._told.piece(text)
            self._complete = True
        yield self._finish()

    def close(self) -> None:
        """End it, wherever it stands."""
        self._finish()

    def _finish(self) -> bytes:
        if self._finished:
            return b""
        self._finished = True
        return self._told.finish("".join(self._said), self._complete)

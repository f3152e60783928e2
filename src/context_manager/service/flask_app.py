"""The service on Flask: an application, or a blueprint for an application of one's own.

This file decides how WSGI meets the service; what a request means is decided in `core`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from context_manager.errors import MissingExtraError
from context_manager.flow import run
from context_manager.service.core import Service
from context_manager.service.problems import problem
from context_manager.service.refusals import mcp_elsewhere
from context_manager.service.routes import MCP_PATH, METHODS
from context_manager.service.upstream import BlockingUpstream
from context_manager.service.wire import (
    Answer,
    AskUpstream,
    Passed,
    ReadBody,
    Received,
    Reply,
    Request,
    Step,
    Stream,
    Told,
    below_mount,
)

try:
    from flask import Blueprint, Flask, Response, request
    from werkzeug.exceptions import HTTPException
except ImportError as _error:
    raise MissingExtraError("flask", "flask") from _error

CHUNK = 65_536


def create_flask_app(service: Service) -> Flask:
    """An application that serves all routes; whoever runs it closes the service at the end."""
    app = Flask("context_manager.service", static_folder=None)
    app.url_map.merge_slashes = False
    face = _Face(service)
    app.register_blueprint(_blueprint(face, service, "context_manager"))
    # Statuses that the framework gives by itself: no such path, no such method.
    app.register_error_handler(HTTPException, face.serve)
    service.start()
    return app


def create_blueprint(service: Service, name: str = "context_manager") -> Blueprint:
    """All routes, to be registered with an application of one's own."""
    return _blueprint(_Face(service), service, name)


def _blueprint(face: _Face, service: Service, name: str) -> Blueprint:
    blueprint = Blueprint(name, __name__)
    blueprint.add_url_rule(MCP_PATH, "mcp", face.without_mcp, methods=METHODS)
    for prefix in ("", "/v1"):
        for path in service.routes.included:
            rule = prefix + path.replace("{", "<").replace("}", ">")
            blueprint.add_url_rule(
                rule,
                endpoint=rule.replace(".", "_"),
                view_func=partial(face.serve, rule=rule),
                methods=METHODS,
                provide_automatic_options=False,
                strict_slashes=True,
            )
    return blueprint


class _Face:
    """Drives the flows of a service in the calling thread.

    Args:
        service: Who answers.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._upstream = BlockingUpstream(service.settings.upstream)

    def serve(self, *_: object, rule: str = "", **variables: str) -> Response:
        """Answer the request at hand; ``rule`` is "" for one that fits none."""
        asked = _request()
        if rule:
            asked = replace(asked, path=below_mount(asked.path, rule))
        answer: Answer = run(self._service.answer(asked), self._waited)
        if isinstance(answer, Reply):
            return _response(answer.body, answer.status, answer.media_type, answer.headers)
        media_type = answer.media_type if isinstance(answer, Stream) else "text/event-stream"
        response = _response(_content(answer), 200, media_type, answer.headers)
        response.call_on_close(answer.close)
        return response

    def without_mcp(self) -> Response:
        """Say where the MCP server is to be had: the SDK speaks HTTP on an event loop only."""
        asked = _request()
        request_id = self._service.request_id(asked)
        told = self._service.headers.onto(problem(mcp_elsewhere(), request_id), asked, request_id)
        return _response(told.body, told.status, told.media_type, told.headers)

    def _waited(self, step: Step) -> bytes | str | Received:
        if isinstance(step, ReadBody):
            return _body(step.most)
        if isinstance(step, AskUpstream):
            return self._upstream.ask(step)
        return step.adapter.complete_sync(
            step.prompt, max_tokens=step.max_tokens, temperature=step.temperature
        ).text


def _response(body: Any, status: int, media_type: str, headers: Mapping[str, str]) -> Response:
    response = Response(body, status, dict(headers))
    response.headers.remove("Content-Type")
    if body:
        response.headers["Content-Type"] = media_type
    return response


def _content(answer: Stream | Told | Passed) -> Any:
    if isinstance(answer, Stream):
        return answer.content
    return _Told(answer) if isinstance(answer, Told) else _Passed(answer)


def _request() -> Request:
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.query_string.decode("latin-1")
    return Request(request.method, request.path, query, headers, request.remote_addr or "")


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


class _Passed:
    """A provider's answer, passed on while it comes; `close` remembers what was said until then.

    Args:
        passed: What to do with it.
    """

    def __init__(self, passed: Passed) -> None:
        self._passed = passed
        self._finished = False

    def __iter__(self) -> Iterator[bytes]:
        complete = False
        with suppress(Exception):  # the connection may break in any way; `finish` is told
            for piece in self._passed.pieces:
                if self._passed.take(piece):
                    self._finish(complete=True)
                yield piece
            complete = True
        yield self._finish(complete=complete)

    def close(self) -> None:
        """End it, wherever it stands."""
        self._finish(complete=False)
        self._passed.pieces.close()

    def _finish(self, *, complete: bool) -> bytes:
        if self._finished:
            return b""
        self._finished = True
        return self._passed.finish(complete)

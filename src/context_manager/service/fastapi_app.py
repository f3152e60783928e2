"""The service on FastAPI: an application, or a router for an application of one's own.

This file decides how requests, threads and the event loop meet; what a request means is decided in
`core`. Local work runs in threads, models are awaited, so that a slow model blocks nobody.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from context_manager.errors import MissingExtraError
from context_manager.service.core import Service
from context_manager.service.problems import problem
from context_manager.service.refusals import Refused
from context_manager.service.routes import MCP_PATH, METHODS
from context_manager.service.upstream import AwaitedUpstream
from context_manager.service.wire import (
    Answer,
    AskModel,
    AskUpstream,
    Flow,
    ReadBody,
    Received,
    Reply,
    Request,
    Step,
    below_mount,
)

try:
    from fastapi import APIRouter, FastAPI
    from fastapi import Request as HttpRequest
    from fastapi.responses import Response
    from starlette.exceptions import HTTPException
    from starlette.routing import Route as AppRoute
    from starlette.types import Receive, Scope, Send

    from context_manager.service.sending import StreamedAnswer
except ImportError as _error:
    raise MissingExtraError("server", "fastapi") from _error

if TYPE_CHECKING:
    from context_manager.service.mcp.http import HttpFace

T = TypeVar("T")

CORES = max(2, os.cpu_count() or 1)
"""Requests that read at the same time, and as many that write, so that those that wait for a busy
store keep no reader waiting. All threads share one interpreter: each one more stands before the
event loop in the queue for its lock, and makes every answer late, health too."""
WAITING = 2
"""So many times more read where they wait for another machine, and hold no lock meanwhile."""
BODY_SECONDS = 30.0
"""How long a client may take to send a body."""


def create_app(service: Service) -> FastAPI:
    """An application that serves all routes, and closes the service when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await to_thread.run_sync(service.close)

    app = FastAPI(
        title="ContextManager",
        version=service.version,
        lifespan=lifespan,
        redirect_slashes=False,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(create_router(service))
    face = _Face(service)
    # Statuses that the framework gives by itself: no such path, no such method.
    app.add_exception_handler(HTTPException, face.unserved)
    setattr(app, "openapi", service.openapi)  # noqa: B010 - FastAPI's own way to replace it
    return app


def create_router(service: Service) -> APIRouter:
    """All routes, to be included in an application of one's own."""
    face = _Face(service)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        yield
        await face.aclose()

    router = APIRouter(redirect_slashes=False, lifespan=lifespan)
    router.routes.append(AppRoute(MCP_PATH, face.mcp))
    for prefix in ("", "/v1"):
        for path in service.routes.included:
            rule = prefix + path
            router.add_api_route(rule, face.at(rule), methods=METHODS, include_in_schema=False)
    return router


class _Face:
    """Drives the flows of a service on an event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._upstream = AwaitedUpstream(service.settings.upstream)
        self.mcp = _McpFace(service)
        self._room: dict[bool, CapacityLimiter] = {}

    def at(self, rule: str) -> Callable[[HttpRequest], Awaitable[Response]]:
        """What answers requests that fit a rule, wherever the router was included."""

        async def serve(http: HttpRequest) -> Response:
            return await self.serve(http, rule)

        return serve

    async def serve(self, http: HttpRequest, rule: str = "") -> Response:
        """Answer a request; ``rule`` is "" for one that fits none."""
        request = _request(http)
        if rule:
            request = replace(request, path=below_mount(request.path, rule))
        reply = self._service.at_once(request)
        if reply is not None:
            return _response(reply)
        run = partial(self._run, self._service.writes(request))
        answer = await self._driven(self._service.answer(request), http, run)
        if isinstance(answer, Reply):
            return _response(answer)
        return StreamedAnswer(answer, run)

    async def unserved(self, http: HttpRequest, error: Exception) -> Response:
        """Answer a request that the framework found no route for."""
        return await self.serve(http)

    async def aclose(self) -> None:
        """Release what was opened on this loop."""
        await self._upstream.aclose()
        await self.mcp.aclose()

    async def _run(self, writes: bool, work: Callable[[], T]) -> T:
        if writes not in self._room:
            waiting = not writes and self._service.waits_for_others
            self._room[writes] = CapacityLimiter(CORES * WAITING if waiting else CORES)
        return await to_thread.run_sync(work, limiter=self._room[writes])

    async def _driven(self, flow: Flow, http: HttpRequest, run: Callable[..., Any]) -> Answer:
        """Drive a flow: its own steps in threads, what it waits for on the loop."""
        finished = False
        try:
            moved: _Moved = await run(partial(_advance, flow, None, None))
            while not moved.done:
                value: Any = None
                fault: Exception | None = None
                try:
                    value = await self._waited(moved.value, http)
                except Exception as error:  # noqa: BLE001 - the flow decides what it means
                    fault = error
                moved = await run(partial(_advance, flow, value, fault))
            finished = True
            answer: Answer = moved.value
            return answer
        finally:
            if not finished:  # the reader has gone, or the process stops
                with CancelScope(shield=True):
                    await run(flow.close)

    async def _waited(self, step: Step, http: HttpRequest) -> bytes | str | Received:
        if isinstance(step, ReadBody):
            return await _body(http, step.most)
        if isinstance(step, AskUpstream):
            return await self._upstream.ask(step)
        return await _asked(step)


class _McpFace:
    """The MCP server at a path of its own, loaded when somebody asks for it.

    Args:
        service: Whose memory, credentials and limits.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._face: HttpFace | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._face is None:
            try:
                # It takes long enough to load for others to notice.
                face = await to_thread.run_sync(_mcp_over_http)
            except MissingExtraError as error:
                await _response(problem(error, "mcp"))(scope, receive, send)
                return
            self._face = self._face or face(self._service, _request)
        await self._face(scope, receive, send)

    async def aclose(self) -> None:
        """End what runs."""
        if self._face is not None:
            await self._face.aclose()


def _mcp_over_http() -> type[HttpFace]:
    from context_manager.service.mcp.http import HttpFace

    return HttpFace


class _Moved(NamedTuple):
    """How far a flow came: what it waits for, or what it returned."""

    done: bool
    value: Any


def _advance(flow: Flow, value: Any, fault: Exception | None) -> _Moved:
    try:
        step = flow.throw(fault) if fault is not None else flow.send(value)
    except StopIteration as stop:
        return _Moved(True, stop.value)
    return _Moved(False, step)


async def _asked(step: AskModel) -> str:
    completion = await step.adapter.complete(
        step.prompt, max_tokens=step.max_tokens, temperature=step.temperature
    )
    return completion.text


async def _body(http: HttpRequest, most: int) -> bytes:
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in http.stream():
                read += chunk
                if len(read) > most:
                    break
    except TimeoutError as error:
        detail = f"The body did not come within {BODY_SECONDS:.0f} s."
        raise Refused(408, "timeout", "The body took too long", detail) from error
    return bytes(read)


def _request(http: HttpRequest) -> Request:
    headers: dict[str, str] = {}
    for name, value in http.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path = http.scope["path"].removeprefix(http.scope.get("root_path", ""))
    return Request(
        http.method, path, http.url.query, headers, http.client.host if http.client else ""
    )


def _response(reply: Reply) -> Response:
    headers = dict(reply.headers)
    if reply.body:
        headers["Content-Type"] = reply.media_type
    return Response(reply.body, reply.status, headers)

"""The MCP server over HTTP, as one more face of the service: same credentials, scopes and limits.

This file decides who is let in before the SDK sees a request. Every request stands for itself: no
session is kept that somebody else's credential could take over, and any replica may answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from context_manager.service.calls import scoped
from context_manager.service.credentials import Credential
from context_manager.service.entrance import named
from context_manager.service.mcp.server import create_server
from context_manager.service.problems import problem
from context_manager.service.reading import whose_headers
from context_manager.service.refusals import forbidden
from context_manager.service.routes import MCP_PATH
from context_manager.service.wire import Request

if TYPE_CHECKING:
    from context_manager.manager import ContextManager
    from context_manager.service.core import Service

_ADMITTED = "context_manager.admitted"


class Admitted(NamedTuple):
    """Who sent a request, about which memory."""

    credential: Credential
    memory: ContextManager


class HttpFace:
    """An ASGI application for one path.

    Args:
        service: Whose memory, credentials and limits.
        as_request: Makes a request of the service from one of the framework.
    """

    def __init__(self, service: Service, as_request: Callable[[HttpRequest], Request]) -> None:
        self._service = service
        self._as_request = as_request
        self._running: _Running | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        started = time.perf_counter()
        request = self._as_request(HttpRequest(scope, receive))
        request_id = self._service.request_id(request)
        answered = _Watched(send, self._service.headers.of_others(request, request_id))
        leave: Callable[[], None] | None = None
        try:
            admitted, leave = await to_thread.run_sync(partial(self._admit, request))
            scope[_ADMITTED] = admitted
            await (await self._manager()).handle_request(scope, receive, answered)
        except Exception as error:  # noqa: BLE001 - the one place where no error may pass
            if answered.status == 0:
                reply = problem(error, request_id)
                response = Response(reply.body, reply.status, dict(reply.headers))
                response.headers["Content-Type"] = reply.media_type
                await response(scope, receive, answered)
        finally:
            if leave is not None:
                leave()
            seconds = time.perf_counter() - started
            self._service.metrics.answered(MCP_PATH, request.method, answered.status, seconds)

    async def aclose(self) -> None:
        """End what runs."""
        if self._running is not None:
            await self._running.aclose()
            self._running = None

    def _admit(self, request: Request) -> tuple[Admitted, Callable[[], None]]:
        service = self._service
        credential = service.admit(request, "")
        if not service.headers.same_origin(request):
            raise forbidden("Pages of other origins may not speak to memory.")
        memory = scoped(service.root, credential, whose_headers(request))
        leave = service.throttle.enter(named(credential, request))
        return Admitted(credential, memory), leave

    async def _manager(self) -> StreamableHTTPSessionManager:
        if self._running is None:
            limits = self._service.settings.limits
            # In a thread: schemas are made of all that it offers, which others would wait for.
            made = await to_thread.run_sync(partial(create_server, _whose, _let_in, limits=limits))
            self._running = self._running or _Running(made, limits.body_bytes)
        return await self._running.manager()


class _Running:
    """The SDK's part, made with the first request and kept by a task of its own until the end."""

    def __init__(self, server: MCPServer[Any], body_bytes: int) -> None:
        server.streamable_http_app(
            json_response=True,
            stateless_http=True,
            max_request_body_size=body_bytes,
            # Names and origins were checked by the service, which knows its own.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._manager = server.session_manager
        self._ready, self._over = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def manager(self) -> StreamableHTTPSessionManager:
        """What handles requests."""
        await self._ready.wait()
        return self._manager

    async def aclose(self) -> None:
        """End it."""
        self._over.set()
        await self._task

    async def _run(self) -> None:
        try:
            async with self._manager.run():
                self._ready.set()
                await self._over.wait()
        finally:
            self._ready.set()  # who waits must not wait for ever: it is refused by the SDK's part


class _Watched:
    """Passes an answer on with the service's headers, and remembers its status."""

    def __init__(self, send: Send, headers: dict[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            told = {name.lower() for name, _ in message.get("headers", ())}
            more = [
                (name.lower().encode(), value.encode()) for name, value in self._headers.items()
            ]
            kept = [pair for pair in more if pair[0] not in told]
            message = {**message, "headers": [*message.get("headers", ()), *kept]}
        await self._send(message)


_admitted: ContextVar[Admitted] = ContextVar("admitted")
"""Of the message at hand."""


async def _let_in(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Let what answers a message know who sent it."""
    request: Any = ctx.request
    before = _admitted.set(request.scope[_ADMITTED])
    try:
        return await call_next(ctx)
    finally:
        _admitted.reset(before)


def _whose(permission: str) -> ContextManager:
    admitted = _admitted.get()
    admitted.credential.require(permission)
    return admitted.memory

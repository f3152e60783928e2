"""The service without a web framework: a request goes in, an answer comes out.

This file decides the order in which a request is handled: route, credential, rate, room, body,
schema, scope, repetition, handler, headers. What is waited for, the body and a model's answer, is
yielded to whoever drives; see `wire`.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from context_manager import __version__
from context_manager.errors import ContextManagerError
from context_manager.memory.timely import is_local
from context_manager.service import bodies, reading
from context_manager.service.calls import Call, scoped
from context_manager.service.credentials import ANYBODY, Credential, token_in
from context_manager.service.entrance import doorkeeper, named
from context_manager.service.headers import Headers
from context_manager.service.idempotency import MAX_KEY, Replays
from context_manager.service.keyring import Keyring
from context_manager.service.metrics import RequestMetrics
from context_manager.service.openapi import document
from context_manager.service.problems import problem
from context_manager.service.refusals import Refused, invalid, no_such_route
from context_manager.service.routes import Match, Route, RouteTable
from context_manager.service.settings import ServiceSettings
from context_manager.service.throttle import Throttle
from context_manager.service.usage import Usage
from context_manager.service.wire import LINES, Answer, Flow, ReadBody, Reply, Request, Step

if TYPE_CHECKING:
    from context_manager.manager import ContextManager

_log = logging.getLogger("context_manager.service")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY}}}")


class Service:
    """Answers requests about the memory of one store.

    Args:
        root: A manager on that store, in any scope; `close` closes it.
        settings: Those of the service.
        clock: Seconds since 1970.

    Raises:
        ConfigError: A setting cannot work.
        MissingExtraError: The ``server`` extra is not installed.
    """

    version = __version__

    def __init__(
        self,
        root: ContextManager,
        settings: ServiceSettings | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = root
        self.settings = ServiceSettings() if settings is None else settings
        limits = self.settings.limits
        self.keyring = Keyring(root.archive.store, clock)
        self.doorkeeper = doorkeeper(self.keyring, self.settings, clock)
        self.throttle = Throttle(
            limits.rate, limits.concurrency, limits.total, self.settings.redis_url
        )
        self.metrics = RequestMetrics(lambda: self.throttle.running)
        self.replays = Replays(root.archive.store, clock)
        self.usage = Usage()
        root.hooks.add(self.usage)
        self.routes = RouteTable()
        self.headers = Headers(self.settings)
        self.stopping = False
        self.model = "cold"
        self._warming = threading.Lock()

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Load the embedding model in the background; calling it again does nothing."""
        with self._warming:
            if self.model != "cold":
                return
            self.model = "loading"
        threading.Thread(target=self._warm_up, name="context-manager-warm-up", daemon=True).start()

    def stop(self) -> None:
        """Say in `/ready` that no more requests should come."""
        self.stopping = True

    def close(self) -> None:
        """Finish background work, as long as the settings permit, and release the store."""
        self.stop()
        self.root.engine.background.drain(self.settings.drain_seconds)
        self.root.close()

    @property
    def protected(self) -> bool:
        """Whether every request about memory needs a credential."""
        return self.doorkeeper.required()

    @property
    def waits_for_others(self) -> bool:
        """Whether what is read may come from other machines: a database server, a model there."""
        served = "://" in self.root.archive.store.location
        return served or not is_local(self.root.embedding_provider)

    # -- requests -------------------------------------------------------------------------------

    def at_once(self, request: Request) -> Reply | None:
        """The answer to a request that waits for nothing at all, None for all others."""
        if request.path.removeprefix("/v1") != "/health":
            return None
        try:
            next(self.answer(request))
        except StopIteration as stop:
            reply: Reply = stop.value
            return reply
        raise AssertionError("health waits for nothing")

    def writes(self, request: Request) -> bool:
        """Whether a request may change memory, and so wait for others that do."""
        try:
            return self._match(request).route.permission == "write"
        except Refused:
            return False

    def answer(self, request: Request) -> Flow:
        """Answer a request; errors become problem details, nothing is raised."""
        started = time.perf_counter()
        request_id = self.request_id(request)
        match: Match | None = None
        try:
            answer: Answer | None = self.headers.preflight(request)
            if answer is None:
                match = self._match(request)
                answer = yield from self._admitted(request, match)
        except Exception as error:  # noqa: BLE001 - the one place where no error may pass
            answer = problem(error, request_id)
        # Paths that are not served are all counted as one.
        name = "-" if match is None else match.route.path
        status = answer.status if isinstance(answer, Reply) else 200
        seconds = time.perf_counter() - started
        self.metrics.answered(name, request.method, status, seconds)
        _log.info("%s %s %d %.1f ms %s", request.method, name, status, 1000 * seconds, request_id)
        whole: Answer = self.headers.onto(answer, request, request_id)
        return whole

    def admit(self, request: Request, permission: str, *, foreign: bool = False) -> Credential:
        """Who sent a request, if they may do this, and not too often.

        For routes that others add beside the table.

        Args:
            request: The request.
            permission: What it needs; "" for any credential.
            foreign: As for `Doorkeeper.recognise`.

        Raises:
            Refused: No valid credential, not permitted, or too fast.
        """
        self.headers.check_host(request)
        try:
            credential = self.doorkeeper.recognise(request.headers, foreign=foreign)
        except Refused:
            self.throttle.count(f"refused:{request.remote}")
            raise
        self.throttle.count(named(credential, request))
        if permission:
            credential.require(permission)
        return credential

    def openapi(self) -> dict[str, Any]:
        """The schema of the API."""
        return document(self.routes.routes, self.settings, self.version)

    def openapi_bytes(self) -> bytes:
        """The schema of the API as JSON."""
        return self._openapi_bytes

    @cached_property
    def _openapi_bytes(self) -> bytes:
        return json.dumps(self.openapi()).encode()

    # -- steps ----------------------------------------------------------------------------------

    def _match(self, request: Request) -> Match:
        match = self.routes.match(request.method, request.path)
        state = self.settings.switch(match.route.path)
        if state == "off":
            raise no_such_route()
        return match._replace(route=replace(match.route, open=True)) if state == "open" else match

    def _admitted(self, request: Request, match: Match) -> Flow:
        route = match.route
        if route.open:
            self.headers.check_host(request)
            return _reply(route.handle(self._open_call(match)))
        credential = self.admit(request, route.permission, foreign=route.proxied)
        leave = self.throttle.enter(named(credential, request))
        streams = False
        try:
            answer = yield from self._read(request, match, credential)
            if not isinstance(answer, Reply):
                answer, streams = replace(answer, close=leave), True
            return answer
        finally:
            if not streams:
                leave()

    def _open_call(self, match: Match) -> Any:
        if match.route.path in ("/health", "/ready"):
            return self
        return Call(self, ANYBODY, self.root, None, match.path)

    def _read(self, request: Request, match: Match, credential: Credential) -> Flow:
        route, limits = match.route, self.settings.limits
        body = b""
        if route.has_body:
            most = reading.most_bytes(route, limits)
            types = (LINES, "application/jsonl") if route.lines else ("application/json",)
            bodies.check_head(request.headers, most, types)
            raw: Any = yield ReadBody(most)
            body = bodies.unpacked(raw, request.headers, most)
        given = reading.given(request, route, body, limits)
        memory = scoped(self.root, credential, reading.whose(request, route, given))
        raw_body = body if route.lines or route.proxied else b""
        foreign = token_in(request.headers) if credential is ANYBODY else None
        call = Call(self, credential, memory, given, match.path, raw_body, foreign or "")
        key = request.headers.get("idempotency-key") if route.repeatable else None
        if key is None:
            return (yield from _handled(route, call))
        return (yield from self._once(request, route, call, key, body))

    def _once(self, request: Request, route: Route, call: Call, key: str, body: bytes) -> Flow:
        """Handle a request unless it was handled before."""
        if not _KEY.fullmatch(key):
            what = f"must be 1 to {MAX_KEY} visible ASCII characters"
            raise invalid([{"where": "header.Idempotency-Key", "what": what}])
        whose = call.memory.scope.partition
        same = f"{route.method} {request.path}?{request.query}\n".encode() + body
        before = self.replays.begin(whose, key, same)
        if before is not None:
            return replace(before, headers={**before.headers, "Idempotent-Replayed": "true"})
        reply: Reply | None = None
        try:
            answer = yield from _handled(route, call)
            reply = answer if isinstance(answer, Reply) and answer.status < 400 else None
            return answer
        finally:
            self.replays.end(whose, key, same, reply)

    def request_id(self, request: Request) -> str:
        """Names a request in its answer and in the log: the client's own id, or a new one."""
        told = request.headers.get("x-request-id", "")
        return told if _REQUEST_ID.fullmatch(told) else f"req_{secrets.token_hex(12)}"

    def _warm_up(self) -> None:
        try:
            self.root.embedding_provider.embed(["ready"])
        except ContextManagerError as error:
            _log.warning("the embedding model failed: %s", type(error).__name__)
            self.model = "failing"
        else:
            self.model = "ok"


def _handled(route: Route, call: Call) -> Generator[Step, Any, Answer]:
    made = route.handle(call)
    if isinstance(made, Generator):
        made = yield from made
    return _reply(made)


def _reply(made: Any) -> Answer:
    if isinstance(made, BaseModel):
        return Reply(200, made.model_dump_json().encode())
    answer: Answer = made
    return answer

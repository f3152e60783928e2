"""Every route of the service in one table, and which one a request means.

This file decides methods, paths, models and permissions. Each route is served below ``/v1`` and,
as older clients call it, without that. Exact paths win over those with a variable part.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel

from context_manager.service.handlers import (
    chatting,
    conversations,
    memories,
    operating,
    page,
    proxying,
    transfer,
)
from context_manager.service.models import (
    answers,
    conversation_answers,
    memory_answers,
    requests,
    usage,
)
from context_manager.service.refusals import no_such_route, wrong_method
from context_manager.service.wire import LINES

VERSION_PREFIX = "/v1"
EVENTS = "text/event-stream"
PLAIN = "text/plain"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
"""What a framework passes on, so that all refusals are told in the same words."""
MCP_PATH = "/mcp"
"""Beside all routes; what speaks there is not HTTP alone."""
START = "/"
"""Served by a whole application only: one that includes the routes has a start of its own."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    Args:
        method: In capitals.
        path: Parts in braces are variable.
        handle: Answers a `Call`; a generator function is a flow that asks a model.
        answer: Model of its answer; None where it is no JSON.
        given: Model of its body or, for GET and DELETE, of its query; None for neither.
        permission: What a credential must be permitted; "" for any credential.
        media_types: Of the answer, besides JSON.
        lines: Whether the body is lines of JSON; then ``given`` models the query.
        open: Whether no credential is needed.
        proxied: Whether it is passed on to a provider: its body may be long and deep, and whose
            memory it is about stands in headers.
        api: Whether it stands in the schema.
    """

    method: str
    path: str
    handle: Callable[..., Any]
    answer: type[BaseModel] | None
    given: type[BaseModel] | None = None
    permission: str = "read"
    media_types: tuple[str, ...] = ()
    lines: bool = False
    open: bool = False
    proxied: bool = False
    api: bool = True

    @property
    def name(self) -> str:
        """Names the operation in the schema."""
        words = re.sub(r"\W+", "_", self.path).strip("_")
        return f"{self.method.lower()}_{words}"

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (inspect.getdoc(self.handle) or "").split("\n")[0]

    @property
    def variables(self) -> tuple[str, ...]:
        """The variable parts of its path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def has_body(self) -> bool:
        """Whether a body is read."""
        return self.lines or self.given_in_body

    @property
    def given_in_body(self) -> bool:
        """Whether its model stands in the body, and not in the query."""
        return self.method in ("POST", "PATCH") and not self.lines and self.given is not None

    @property
    def pages(self) -> bool:
        """Whether it answers a part of a list."""
        return self.given is not None and "after" in self.given.model_fields

    @property
    def repeatable(self) -> bool:
        """Whether an ``Idempotency-Key`` is honoured: it changes something, and not by its name."""
        return self.method == "POST" and self.permission == "write"


ROUTES: tuple[Route, ...] = (
    Route("POST", "/chat", chatting.chat, conversation_answers.ChatResponse, requests.ChatRequest,
          "write", (EVENTS,)),
    Route("POST", "/context", conversations.context, conversation_answers.ContextResponse,
          requests.ContextRequest),
    Route("POST", "/turns", conversations.observe, conversation_answers.TurnOut,
          requests.TurnRequest, "write"),
    Route("GET", "/turns", conversations.turns, conversation_answers.TurnPage, requests.TurnsQuery),
    Route("GET", "/sessions", conversations.sessions, conversation_answers.SessionsResponse,
          requests.WhoseQuery),
    Route("POST", "/memory/query", memories.query, memory_answers.MemoryQueryResponse,
          requests.MemoryQueryRequest),
    Route("POST", "/memory/add", memories.add, memory_answers.MemoryAddResponse,
          requests.MemoryAddRequest, "write"),
    Route("POST", "/memory/pin", memories.pin, memory_answers.MemoryAddResponse,
          requests.PinRequest, "write"),
    Route("POST", "/memory/forget", memories.forget, memory_answers.ReceiptOut,
          requests.ForgetRequest, "write"),
    Route("POST", "/memory/clear", memories.clear, memory_answers.ClearResponse,
          requests.ClearRequest, "write"),
    Route("GET", "/memory/stats", memories.stats, memory_answers.StatsResponse,
          requests.WhoseQuery),
    Route("GET", "/memory", memories.list_, memory_answers.MemoryPage, requests.ListQuery),
    Route("GET", "/memory/{memory_id}", memories.get, memory_answers.MemoryOut,
          requests.WhoseQuery),
    Route("PATCH", "/memory/{memory_id}", memories.correct, memory_answers.MemoryOut,
          requests.CorrectRequest, "write"),
    Route("DELETE", "/memory/{memory_id}", memories.forget_entry, memory_answers.ReceiptOut,
          requests.WhoseQuery, "write"),
    Route("GET", "/memory/{memory_id}/sources", memories.sources, memory_answers.SourcesResponse,
          requests.WhoseQuery),
    Route("PUT", "/memory/{memory_id}/pin", memories.pin_entry, memory_answers.MemoryOut,
          requests.WhoseQuery, "write"),
    Route("DELETE", "/memory/{memory_id}/pin", memories.unpin_entry, memory_answers.MemoryOut,
          requests.WhoseQuery, "write"),
    Route("POST", "/chat/completions", proxying.complete, None, requests.CompletionRequest,
          "write", (EVENTS,), proxied=True),
    Route("GET", "/models", proxying.models, None, None, "read", proxied=True),
    Route("GET", "/export", transfer.export, None, requests.WhoseQuery, "read", (LINES,)),
    Route("POST", "/import", transfer.import_, answers.ImportResponse, requests.WhoseQuery,
          "write", lines=True),
    Route("GET", "/jobs", operating.jobs, answers.JobsResponse, requests.WhoseQuery),
    Route("GET", "/usage", operating.usage, usage.UsageResponse, requests.WhoseQuery),
    Route("GET", "/metrics", operating.metrics, None, None, "operate", (PLAIN,)),
    Route("GET", "/openapi.json", operating.schema, None, None, ""),
    Route("GET", "/health", operating.health, answers.HealthResponse, None, "",
          open=True),
    Route("GET", "/ready", operating.ready, answers.ReadyResponse, None, "",
          open=True),
    Route("GET", START, operating.start, None, None, "", open=True, api=False),
    Route("GET", "/ui", page.index, None, None, "", open=True, api=False),
    Route("GET", "/ui/", page.moved, None, None, "", open=True, api=False),
    Route("GET", "/ui/{file}", page.file, None, None, "", open=True, api=False),
)  # fmt: skip
"""Every operation; what stands further up is tried first."""


class Match(NamedTuple):
    """A route and the variable parts of the path."""

    route: Route
    path: Mapping[str, str]


class RouteTable:
    """Finds the route of a request.

    Args:
        routes: The operations.
    """

    def __init__(self, routes: Sequence[Route] = ROUTES) -> None:
        self.routes = tuple(routes)
        paths = dict.fromkeys(route.path for route in routes)
        exact_first = sorted(paths, key=lambda path: "{" in path)
        self._patterns = [(_pattern(path), self._methods(path)) for path in exact_first]

    @property
    def included(self) -> tuple[str, ...]:
        """The paths that an application of one's own serves, each once."""
        return tuple(dict.fromkeys(r.path for r in self.routes if r.path != START))

    def match(self, method: str, path: str) -> Match:
        """The route of a request.

        Raises:
            Refused: Nothing is served there, or not with this method.
        """
        below = path.removeprefix(VERSION_PREFIX) if path.startswith(f"{VERSION_PREFIX}/") else path
        for pattern, methods in self._patterns:
            found = pattern.fullmatch(below)
            if found is not None:
                route = methods.get("GET" if method == "HEAD" else method)
                if route is None:
                    raise wrong_method(", ".join(_allowed(methods)))
                return Match(route, found.groupdict())
        raise no_such_route()

    def _methods(self, path: str) -> dict[str, Route]:
        return {route.method: route for route in self.routes if route.path == path}


def _allowed(methods: Mapping[str, Route]) -> list[str]:
    return [*methods, *(["HEAD"] if "GET" in methods else [])]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]{1,256})", path.replace(".", r"\.")))

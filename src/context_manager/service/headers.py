"""The headers of every answer, and the names by which the service may be called.

This file decides what a browser may do with an answer. A service without credentials answers only
to names of this machine, so that no web page can reach it through a name of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from context_manager.service.refusals import Refused
from context_manager.service.settings import ServiceSettings
from context_manager.service.wire import Answer, Reply, Request

SECURITY: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_METHODS = "GET, POST, PUT, PATCH, DELETE"
_SENT = "Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-Id"


class Headers:
    """Puts headers onto answers.

    Args:
        settings: Which hosts and origins are known.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._hosts = settings.allowed_hosts
        self._origins = settings.cors_origins

    def restrict(self, hosts: tuple[str, ...]) -> None:
        """Answer only to these names, unless the settings name others."""
        self._hosts = self._hosts or hosts

    def check_host(self, request: Request) -> None:
        """Refuse a request that calls the service by a name it does not have.

        Raises:
            Refused: Not one of the known names.
        """
        if not self._hosts:
            return
        host = request.headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name.lower() not in self._hosts:
            detail = "The service is not known by this name; see CONTEXT_MANAGER_ALLOWED_HOSTS."
            raise Refused(421, "host", "Misdirected request", detail)

    def preflight(self, request: Request) -> Reply | None:
        """The answer to a browser that asks whether a page may call; None for other requests."""
        if request.method != "OPTIONS" or not self._cors(request):
            return None
        if "access-control-request-method" not in request.headers:
            return None
        told = {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _SENT,
            "Access-Control-Max-Age": "600",
        }
        return Reply(204, headers=told)

    def same_origin(self, request: Request) -> bool:
        """Whether no page sent a request, or one that came from here or may call."""
        origin = request.headers.get("origin")
        if origin is None or origin in self._origins:
            return True
        return origin.partition("://")[2] == request.headers.get("host")

    def of_others(self, request: Request, request_id: str) -> dict[str, str]:
        """The headers of an answer that was made beside the table of routes."""
        return {**SECURITY, **self._cors(request), "X-Request-Id": request_id}

    def onto(self, answer: Answer, request: Request, request_id: str) -> Any:
        """The answer with all headers."""
        told = {**SECURITY, **self._cors(request), **answer.headers, "X-Request-Id": request_id}
        return replace(answer, headers=told)

    def _cors(self, request: Request) -> dict[str, str]:
        origin = request.headers.get("origin")
        if origin is None or not self._origins:
            return {}
        if origin not in self._origins:
            return {"Vary": "Origin"}
        exposed = "X-Request-Id, Retry-After, Idempotent-Replayed"
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": exposed,
            "Vary": "Origin",
        }

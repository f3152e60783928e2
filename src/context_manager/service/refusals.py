"""Refusals that only a service knows: no credential, too fast, too large, no such route.

This file decides their statuses and names; how errors of the layers below are told stands in
`problems.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from context_manager.errors import ContextManagerError


class Refused(ContextManagerError):
    """A request that is not carried out, with all that the answer says about it.

    Args:
        status: The HTTP status.
        name: Names the kind of problem; the end of its type URI.
        title: The kind in a few words, always the same for a name.
        detail: What is wrong with this request and how to mend it; no secret, no stored content.
        headers: Headers of the answer.
        more: Further members of the problem.
    """

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more


def no_such_route() -> Refused:
    """Nothing is served at this path."""
    return Refused(404, "not-found", "Not found", "Nothing is served at this path.")


def mcp_elsewhere() -> Refused:
    """The MCP server, asked for where it is not served."""
    detail = (
        "The MCP server over HTTP is served by the FastAPI application; `context-manager mcp` "
        "speaks over standard input and output."
    )
    return Refused(501, "missing", "Not installed here", detail)


def wrong_method(allowed: str) -> Refused:
    """The path is served, but not with this method."""
    detail = f"This path answers {allowed}."
    return Refused(405, "method", "Method not allowed", detail, {"Allow": allowed})


def unauthenticated(detail: str) -> Refused:
    """No credential, or one that is not valid (any more)."""
    return Refused(
        401,
        "unauthenticated",
        "A valid credential is needed",
        detail,
        {"WWW-Authenticate": 'Bearer realm="context-manager"'},
    )


def forbidden(detail: str) -> Refused:
    """A credential that is valid, but not for this."""
    return Refused(403, "forbidden", "The credential is not for this", detail)


def malformed(detail: str, status: int = 400) -> Refused:
    """A request that cannot be read."""
    return Refused(status, "malformed", "The request cannot be read", detail)


def too_large(detail: str) -> Refused:
    """A body beyond the limit."""
    return Refused(413, "too-large", "The request is too large", detail)


def unsupported_media(detail: str) -> Refused:
    """A body in a type or an encoding that is not read here."""
    return Refused(415, "media-type", "The body's type is not supported", detail)


def invalid(problems: list[dict[str, str]]) -> Refused:
    """Values that do not fit the schema; each with where it stands and what is wrong."""
    first = problems[0] if problems else {"where": "request", "what": "invalid"}
    detail = f"{first['where']}: {first['what']}"
    return Refused(422, "invalid", "A value does not fit", detail, errors=problems)


def too_fast(detail: str, seconds: int) -> Refused:
    """More requests than the credential may make."""
    return Refused(
        429, "too-many-requests", "Too many requests", detail, {"Retry-After": str(seconds)}
    )


def overloaded() -> Refused:
    """More requests at once than this process takes."""
    detail = "The service is at its limit of requests at once; try again."
    return Refused(503, "overloaded", "The service is busy", detail, {"Retry-After": "1"})


def key_reused() -> Refused:
    """An idempotency key that was used for another request."""
    detail = "This Idempotency-Key was used for a different request; make a new one."
    return Refused(409, "idempotency-key", "The idempotency key was used before", detail)


def key_in_use() -> Refused:
    """An idempotency key whose first request is not finished."""
    detail = "The first request with this Idempotency-Key is not finished; try again."
    return Refused(
        409, "in-progress", "The first request is not finished", detail, {"Retry-After": "1"}
    )


def upstream_failed() -> Refused:
    """The provider behind the proxy cannot be reached."""
    detail = "The provider behind this proxy cannot be reached, or broke off."
    return Refused(502, "upstream", "The provider failed", detail, **upstream_error(detail))


def upstream_timeout() -> Refused:
    """The provider behind the proxy does not answer."""
    detail = "The provider behind this proxy took too long."
    return Refused(
        504, "upstream-timeout", "The provider is slow", detail, **upstream_error(detail)
    )


def upstream_error(message: str = "The provider's answer broke off.") -> dict[str, Any]:
    """A fault as OpenAI's clients read it."""
    return {"error": {"message": message, "type": "upstream_error", "param": None, "code": None}}


def key_interrupted() -> Refused:
    """An idempotency key whose first request was cut off before it was answered."""
    detail = (
        "The first request with this Idempotency-Key was cut off and may have been done; look, "
        "and send it again under a new key if it was not."
    )
    return Refused(409, "interrupted", "The first request was cut off", detail)


def key_answer_gone() -> Refused:
    """An idempotency key whose request was answered, and whose answer is not kept."""
    detail = "This was done before; its answer is not kept, or was forgotten. It is not done again."
    return Refused(409, "answer-gone", "It was done before", detail)


def not_correctable(kind: str) -> Refused:
    """A memory of a kind that is never rewritten."""
    detail = f"A {kind} cannot be corrected; forget it, or add what is right as a note."
    return Refused(409, "not-correctable", "This kind of memory is never rewritten", detail)

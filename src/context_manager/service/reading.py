"""What a request says, as the model that its route names, checked before anything is done.

This file decides where a route's values stand (body or query) and that the operator's limits, which
may be narrower than the schema's, hold. It does nothing with them.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from context_manager.service import bodies, misfits
from context_manager.service.models.requests import Whose
from context_manager.service.refusals import invalid
from context_manager.service.routes import Route
from context_manager.service.settings import Limits
from context_manager.service.wire import Request

WHOSE_HEADERS = (
    ("user_id", "x-user-id"),
    ("session_id", "x-session-id"),
    ("agent_id", "x-agent-id"),
)
"""Headers that say whose memory a request is about that is passed on to a provider."""


def given(request: Request, route: Route, body: bytes, limits: Limits) -> BaseModel | None:
    """The values of a request; None for a route that takes none.

    Raises:
        Refused: A value does not fit, is unknown, or is beyond a limit.
    """
    query = bodies.parameters(request.query)
    if query and (route.given is None or route.given_in_body):
        raise invalid([{"where": f"query.{next(iter(query))}", "what": "is unknown"}])
    if route.given is None:
        return None
    if not route.given_in_body:
        return _validated(route.given, query, "query")
    depth = limits.proxy_depth if route.proxied else limits.depth
    values = _validated(route.given, bodies.parsed(body, depth), "body")
    if not route.proxied:
        faults = misfits.of_limits(dict(values), limits, "body")
        if faults:
            raise invalid(faults)
    return values


def whose(request: Request, route: Route, values: BaseModel | None) -> BaseModel | None:
    """Where a request says whose memory it is about: in its values, or in headers.

    Raises:
        Refused: What stands there is no name.
    """
    return whose_headers(request, getattr(values, "user", None)) if route.proxied else values


def whose_headers(request: Request, user: str | None = None) -> BaseModel:
    """What the headers of a request say of whose memory it is about.

    Args:
        request: The request.
        user: The user where the headers name none.

    Raises:
        Refused: What stands there is no name.
    """
    told = {name: request.headers[of] for name, of in WHOSE_HEADERS if of in request.headers}
    if user is not None:
        told.setdefault("user_id", user)
    return _validated(Whose, told, "header")


def most_bytes(route: Route, limits: Limits) -> int:
    """Longest body of a route."""
    if route.lines:
        return limits.import_bytes
    return limits.proxy_bytes if route.proxied else limits.body_bytes


def _validated(model: type[BaseModel], values: dict[str, Any], where: str) -> BaseModel:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(misfits.of_schema(error, where)) from error

"""The API's schema in OpenAPI 3.1, made of the route table and the models.

This file decides how a route is written down. Both faces serve the same document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from context_manager.service.models.answers import Problem
from context_manager.service.models.fields import MAX_ID
from context_manager.service.problems import PROBLEM
from context_manager.service.reading import WHOSE_HEADERS
from context_manager.service.routes import EVENTS, VERSION_PREFIX, Route
from context_manager.service.settings import ServiceSettings
from context_manager.service.wire import LINES

_REFUSALS = {
    400: "The request cannot be read.",
    401: "No valid credential.",
    403: "The credential is not for this.",
    404: "Nothing with this id.",
    408: "The body did not come in time.",
    409: "A conflict with another request.",
    413: "The body is too large.",
    415: "The body's type is not supported.",
    422: "A value does not fit.",
    429: "Too many requests.",
    500: "It failed.",
    503: "It cannot be done now.",
    502: "The provider behind the proxy failed.",
    504: "The provider behind the proxy took too long.",
    507: "The store is full.",
}
_NAME_IN_HEADER = r"^[^\u0000-\u0020\u007f]([^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f])?$"
"""White space around a header's value is no part of it."""
_LINES = {
    "type": "string",
    "minLength": 1,
    "pattern": r"\S",
    "examples": ['{"role": "user", "content": "My train leaves at nine."}\n'],
}
_OF_ALL = (400, 408, 429, 500, 503)
_SECURED = (401, 403)
_WITH_BODY = (413, 415)
_WITH_VALUES = (422,)
_WRITING = (409, 507)
_PROXIED = (502, 504)


def document(routes: Sequence[Route], settings: ServiceSettings, version: str) -> dict[str, Any]:
    """The schema."""
    refs, definitions = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if _hidden(route, settings):
            continue
        paths.setdefault(VERSION_PREFIX + route.path, {})[route.method.lower()] = _operation(
            route, settings, refs, definitions
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ContextManager",
            "version": version,
            "description": "Memory and context for LLM agents. Every path is also served without "
            f"{VERSION_PREFIX}.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _hidden(route: Route, settings: ServiceSettings) -> bool:
    return not route.api or settings.switch(route.path) == "off"


def _open(route: Route, settings: ServiceSettings) -> bool:
    return route.open or settings.switch(route.path) == "open"


def _schemas(routes: Sequence[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    asked: list[tuple[type[BaseModel], Any]] = [(Problem, "serialization")]
    for route in routes:
        if route.given is not None:
            asked.append((route.given, "validation"))
        if route.answer is not None:
            asked.append((route.answer, "serialization"))
    refs, top = models_json_schema(
        list(dict.fromkeys(asked)), ref_template="#/components/schemas/{model}"
    )
    return dict(refs), top["$defs"]


def _operation(
    route: Route, settings: ServiceSettings, refs: dict[Any, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": _parameters(route, refs, definitions),
        "responses": _responses(route, settings, refs),
        "security": [] if _open(route, settings) else [{"bearer": []}, {"key": []}],
    }
    if route.lines:
        told["requestBody"] = {
            "required": True,
            "content": {LINES: {"schema": _LINES}},
        }
    elif route.given_in_body:
        schema = refs[route.given, "validation"]
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return told


def _parameters(
    route: Route, refs: dict[Any, Any], definitions: dict[str, Any]
) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[^/]+$"},
        }
        for name in route.variables
    ]
    if route.given is not None and not route.given_in_body:
        name = refs[route.given, "validation"]["$ref"].rpartition("/")[2]
        found += [_parameter(*field) for field in definitions[name]["properties"].items()]
    if route.proxied:
        found += [_whose_header(name, header) for name, header in WHOSE_HEADERS]
    if route.repeatable:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "A repeated request with the same key gets the first one's answer.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            }
        )
    return found


def _whose_header(name: str, header: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": MAX_ID, "pattern": _NAME_IN_HEADER}
    told = f"The {name} of the memory that takes part."
    return {
        "name": header,
        "in": "header",
        "required": False,
        "description": told,
        "schema": schema,
    }


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter; one that is left out is never null."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "anyOf")}
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    plain = {**(kinds[0] if kinds else {}), **kept}
    if plain.get("default", ...) is None:
        del plain["default"]
    return {"name": name, "in": "query", "required": False, "schema": plain}


def _responses(
    route: Route, settings: ServiceSettings, refs: dict[Any, Any]
) -> dict[str, dict[str, Any]]:
    good: dict[str, Any] = {}
    if route.answer is not None:
        good["application/json"] = {"schema": refs[route.answer, "serialization"]}
    elif route.proxied or not route.media_types:
        good["application/json"] = {"schema": {"type": "object"}}
    for media_type in route.media_types:
        # A schema would be one of the whole stream to some readers, and of each event to others.
        good[media_type] = {} if media_type == EVENTS else {"schema": {"type": "string"}}
    found = {"200": {"description": "Done.", "content": good}}
    for status in _statuses(route, settings):
        found[str(status)] = {
            "description": _REFUSALS[status],
            "content": {PROBLEM: {"schema": refs[Problem, "serialization"]}},
        }
    if route.path == "/ready":
        found["503"] = {"description": "Not ready.", "content": good}
    if route.answer is not None and "memory_id" in route.answer.model_fields:
        found["200"]["links"] = _links()
    return found


def _statuses(route: Route, settings: ServiceSettings) -> list[int]:
    groups: list[tuple[int, ...]] = [_OF_ALL]
    if not _open(route, settings):
        groups.append(_SECURED)
    if route.has_body:
        groups.append(_WITH_BODY)
    if route.given is not None or route.proxied:
        groups.append(_WITH_VALUES)
    if route.permission == "write":
        groups.append(_WRITING)
    if route.variables or route.pages:
        groups.append((404,))
    if route.proxied:
        groups.append(_PROXIED)
    if route.method == "PATCH":
        groups.append((409,))
    return sorted({status for group in groups for status in group})


def _links() -> dict[str, Any]:
    made = {"memory_id": "$response.body#/memory_id"}
    return {
        "look": {"operationId": "get_memory_memory_id", "parameters": made},
        "forget": {"operationId": "delete_memory_memory_id", "parameters": made},
    }

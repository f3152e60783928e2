"""The schema tells the truth about the routes, and both faces serve the same one."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from context_manager.service import Service, ServiceSettings
from context_manager.service.models import requests
from context_manager.service.models.fields import Body
from support.service_faces import asking, fast_manager


def test_every_route_stands_in_the_schema_with_a_summary(ask, service):
    schema = ask("GET", "/openapi.json").data
    told = {
        (method.upper(), path)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if operation["summary"].endswith((".", "it", "it."))
    }
    assert told == {
        (route.method, f"/v1{route.path}")
        for route in service.routes.routes
        if route.api and service.settings.switch(route.path) != "off"
    }
    names = [o["operationId"] for methods in schema["paths"].values() for o in methods.values()]
    assert len(names) == len(set(names))


def test_both_faces_serve_the_same_schema():
    told = []
    for face in ("fastapi", "flask"):
        with asking(face, Service(fast_manager())) as ask:
            told.append(ask("GET", "/openapi.json").body)
    assert told[0] == told[1]


MODELS = [
    model
    for model in vars(requests).values()
    if isinstance(model, type)
    and issubclass(model, Body)
    and "examples" in (model.model_config.get("json_schema_extra") or {})
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_examples_are_good_requests(model):
    schema = model.model_json_schema()
    for example in schema["examples"]:
        model.model_validate(example)
        jsonschema_rs.validate(schema, example)


@pytest.mark.parametrize(
    ("settings", "metrics", "schema"),
    [
        (ServiceSettings(auth="required"), 401, 200),
        (ServiceSettings(auth="required", metrics="open", openapi="credential"), 200, 401),
        (ServiceSettings(metrics="off", openapi="off"), 404, 404),
    ],
    ids=["usual", "other way round", "off"],
)
def test_metrics_and_schema_are_as_open_as_the_settings_say(face, settings, metrics, schema):
    with asking(face, Service(fast_manager(), settings)) as ask:
        assert ask("GET", "/metrics").status == metrics
        assert ask("GET", "/openapi.json").status == schema


def test_pages_of_other_origins_are_let_in_only_by_name(face):
    settings = ServiceSettings(cors_origins=("https://app.example",))
    with asking(face, Service(fast_manager(), settings)) as ask:
        sent = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        allowed = ask("OPTIONS", "/chat", headers=sent)
        assert allowed.status == 204
        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-credentials" not in allowed.headers
        refused = ask("OPTIONS", "/chat", headers={**sent, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers
        got = ask("GET", "/memory/stats", headers={"Origin": "https://app.example"})
        assert got.headers["access-control-allow-origin"] == "https://app.example"
        assert json.loads(got.body)

"""Included in an application of one's own, everything is served below that application's prefix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.testclient import TestClient

from context_manager.service import Service, create_blueprint, create_router
from support.service_faces import fast_manager

PREFIX = "/my/memory"


def behind_fastapi(service: Service) -> Callable[..., Any]:
    app = FastAPI()
    app.include_router(create_router(service), prefix=PREFIX)
    return TestClient(app, follow_redirects=False).request


def behind_flask(service: Service) -> Callable[..., Any]:
    app = Flask("own")
    app.register_blueprint(create_blueprint(service), url_prefix=PREFIX)
    client = app.test_client()
    return lambda method, path, **sent: client.open(path, method=method, **sent)


@pytest.fixture(params=[behind_fastapi, behind_flask], ids=["fastapi", "flask"])
def send(request, service):
    return request.param(service)


@pytest.fixture
def manager():
    return fast_manager()


@pytest.mark.parametrize("version", ["", "/v1"])
def test_routes_with_and_without_variables_are_served_below_the_prefix(send, manager, version):
    made = manager.add_memory("The roof leaks.")
    for path in ("/health", "/memory/stats", f"/memory/{made}", f"/memory/{made}/sources"):
        assert send("GET", f"{PREFIX}{version}{path}").status_code == 200, path
    assert send("DELETE", f"{PREFIX}{version}/memory/{made}").status_code == 200
    assert send("GET", f"{PREFIX}{version}/memory/{made}").status_code == 404


def test_the_page_is_served_below_the_prefix(send):
    for path in ("/ui", "/ui/app.js"):
        assert send("GET", f"{PREFIX}{path}").status_code == 200
    moved = send("GET", f"{PREFIX}/ui/")
    assert (moved.status_code, moved.headers["location"]) == (308, "../ui")

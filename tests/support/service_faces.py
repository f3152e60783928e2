"""The service behind both of its faces, asked by one function."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from starlette.testclient import TestClient

from context_manager import ContextManager
from context_manager.service import Service, create_app, create_flask_app
from context_manager.testing.embedders import HashEmbedder

FACES = ("fastapi", "flask")


class Answered(NamedTuple):
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def data(self) -> Any:
        """The body as JSON."""
        return json_module.loads(self.body)


Ask = Callable[..., Answered]


def fast_manager() -> ContextManager:
    """A manager in memory, with an embedder that costs nothing."""
    manager = ContextManager()
    manager.embedding_provider = HashEmbedder()
    return manager


@contextmanager
def asking(face: str, service: Service) -> Iterator[Ask]:
    """A function that asks the service through a face: ``ask(method, path, json=..., ...)``."""
    send = {"fastapi": _through_fastapi, "flask": _through_flask}[face]
    with send(service) as sending:

        def ask(
            method: str,
            path: str,
            *,
            json: Any = ...,
            body: bytes = b"",
            headers: Mapping[str, str] | None = None,
            key: str | None = None,
        ) -> Answered:
            sent = dict(headers or {})
            if json is not ...:
                body = json_module.dumps(json).encode()
                sent.setdefault("Content-Type", "application/json")
            if key is not None:
                sent["Authorization"] = f"Bearer {key}"
            return sending(method, path, body, sent)

        yield ask


@contextmanager
def _through_fastapi(service: Service) -> Iterator[Callable[..., Answered]]:
    with TestClient(create_app(service), follow_redirects=False) as client:

        def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> Answered:
            sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            got = client.request(method, path, content=body, headers=sent)
            return Answered(got.status_code, _lower(got.headers), got.content)

        yield send


@contextmanager
def _through_flask(service: Service) -> Iterator[Callable[..., Answered]]:
    client = create_flask_app(service).test_client()

    def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> Answered:
        with client.open(path, method=method, data=body, headers=headers) as got:
            return Answered(got.status_code, _lower(got.headers), got.data)

    yield send
    service.close()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

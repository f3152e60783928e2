"""The service on both faces: each test that takes `ask` runs on FastAPI and on Flask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from context_manager import ContextManager
from context_manager.service import Service, ServiceSettings
from support.service_faces import FACES, Ask, asking, fast_manager


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> str:
    """Which framework."""
    return str(request.param)


@pytest.fixture
def manager() -> ContextManager:
    """The memory that is served."""
    return fast_manager()


@pytest.fixture
def settings() -> ServiceSettings:
    """The settings; a test module may put others in their place."""
    return ServiceSettings()


@pytest.fixture
def service(manager: ContextManager, settings: ServiceSettings) -> Service:
    """The service."""
    return Service(manager, settings)


@pytest.fixture
def ask(face: str, service: Service) -> Iterator[Ask]:
    """Asks the service: ``ask(method, path, json=..., key=...)``."""
    with asking(face, service) as send:
        yield send

"""The service: memory over HTTP, on FastAPI or Flask, from one table of routes.

`core.Service` answers requests without any framework; `create_app` and `create_flask_app` are two
faces of it. Needs the extra ``server`` (for Flask ``flask`` too); nothing is imported before use.

Example:
    >>> from context_manager import ContextManager
    >>> from context_manager.service import Service, create_app
    >>> app = create_app(Service(ContextManager()))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from context_manager.errors import MissingExtraError

if TYPE_CHECKING:
    from context_manager.service.core import Service
    from context_manager.service.fastapi_app import create_app, create_router
    from context_manager.service.flask_app import create_blueprint, create_flask_app
    from context_manager.service.serving import check_binding, server
    from context_manager.service.settings import ServiceSettings

__all__ = [
    "Service",
    "ServiceSettings",
    "check_binding",
    "create_app",
    "create_blueprint",
    "create_flask_app",
    "create_router",
    "server",
]

_WHERE = {
    "Service": "core",
    "ServiceSettings": "settings",
    "check_binding": "serving",
    "create_app": "fastapi_app",
    "create_blueprint": "flask_app",
    "create_flask_app": "flask_app",
    "create_router": "fastapi_app",
    "server": "serving",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_WHERE[name]}")
    except ModuleNotFoundError as error:
        raise MissingExtraError("server", error.name or "") from error
    return getattr(module, name)

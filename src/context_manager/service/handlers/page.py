"""The page that shows memory in a browser: its files, which hold no data and need no credential.

Decides what is served and what a browser may do with it. The page reads memory through the same
routes as any client, with the key that its reader enters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from context_manager.service.refusals import no_such_route
from context_manager.service.wire import Reply

if TYPE_CHECKING:
    from context_manager.service.calls import Call

INDEX = "index.html"
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
}
"""Nothing but the page's own files; with trusted types a browser refuses to read text as HTML."""


def index(call: Call) -> Reply:
    """The page."""
    return _file(INDEX)


def moved(call: Call) -> Reply:
    """The way to the page from its address with a slash at the end."""
    return Reply(308, headers={"Location": "../ui"})


def file(call: Call) -> Reply:
    """A file of the page."""
    return _file(call.path["file"])


def _file(name: str) -> Reply:
    found = contents().get(name)
    if found is None:
        raise no_such_route()
    return Reply(200, found, MEDIA_TYPES[name[name.rindex(".") :]], POLICY)


@cache
def contents() -> Mapping[str, bytes]:
    """The files of the page by name, read once."""
    folder = files("context_manager.service") / "page"
    return {
        item.name: item.read_bytes()
        for item in folder.iterdir()
        if item.name.endswith(tuple(MEDIA_TYPES))
    }

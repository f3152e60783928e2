"""The page as it is served: which files, with which headers, and to whom."""

from __future__ import annotations

import re

import pytest

from context_manager.service import Service, ServiceSettings
from context_manager.service.handlers.page import contents
from support.service_faces import asking, fast_manager

FILES = sorted(contents())
OUTWARD = re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[a-z]", re.I)


@pytest.mark.parametrize("path", ["/ui", *(f"/ui/{name}" for name in FILES)])
def test_every_file_is_served_to_anybody_and_may_run_nothing_but_itself(ask, path):
    got = ask("GET", path)
    assert got.status == 200
    policy = got.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert got.headers["x-content-type-options"] == "nosniff"


def test_nothing_else_is_served(ask):
    for name in ("page.py", "..%2fcore.py", "%2e%2e", "index.htm", "__init__.py"):
        assert ask("GET", f"/ui/{name}").status == 404
    assert ask("POST", "/ui").status == 405


def test_a_slash_at_the_end_leads_to_the_page(ask):
    got = ask("GET", "/ui/")
    assert (got.status, got.headers["location"]) == (308, "../ui")


@pytest.mark.parametrize(("ui", "status"), [("open", 200), ("off", 404)])
def test_it_is_served_without_a_key_unless_turned_off(face, ui, status):
    settings = ServiceSettings(auth="required", ui=ui)
    with asking(face, Service(fast_manager(), settings)) as ask:
        assert [ask("GET", path).status for path in ("/ui", "/ui/app.js")] == [status, status]


@pytest.mark.parametrize("name", FILES)
def test_a_file_loads_nothing_from_elsewhere_and_writes_no_html(name):
    text = contents()[name].decode()
    assert not OUTWARD.search(text)
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert sink not in text
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", text)


def test_every_file_that_is_named_exists():
    named = {
        found
        for text in contents().values()
        for found in re.findall(r"""["'](?:\./|ui/)([a-z-]+\.(?:js|css|svg))["']""", text.decode())
    }
    assert named | {"index.html"} == {*FILES}

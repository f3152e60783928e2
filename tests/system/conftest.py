"""A headless Chromium for the page. `make test-system` installs it; without it these tests fail."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from context_manager import ContextManager
from context_manager.service import Service, ServiceSettings
from support.served import listening
from support.service_faces import fast_manager

try:
    from playwright.sync_api import Browser, Page, expect, sync_playwright
except ImportError:  # `make test` installs no browser, and so collects nothing here
    collect_ignore_glob = ["test_*.py"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000
"""After which a busy machine fails a test; never part of a claim."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser, started once."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail("no Chromium here; tools/install_system.sh installs it", pytrace=False)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, timeout=PATIENCE_MS)
        yield launched
        launched.close()


@dataclass
class Seen:
    """A page that is open, and what it did besides showing itself.

    Args:
        page: Playwright's page.
        url: Of the service.
        faults: What its console said of errors, and what it threw.
        asked: Addresses it asked for.
    """

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def show(self, view: str = "prompt") -> None:
        """Open a view, and wait until it is there and nothing is loading."""
        self.page.goto(f"{self.url}/ui#{view}")
        shown = self.page.locator(f'nav a[href="#{view}"][aria-current=page]')
        expect(shown).to_have_count(1)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is loading."""
        expect(self.page.locator("h1")).to_be_visible()
        expect(self.page.locator("[aria-busy]")).to_have_count(0)

    def build(self, text: str, budget: int = 1000) -> None:
        """Build a prompt in its view."""
        self.page.get_by_label("Budget in tokens").fill(str(budget))
        self.page.get_by_label("Input", exact=True).fill(text)
        self.page.get_by_role("button", name="Build the prompt").click()
        expect(self.page.locator(".overview")).to_be_visible()
        self.settle()

    def look(self) -> str:
        """All text of the main part."""
        return self.page.locator("main").inner_text()


@pytest.fixture
def manager() -> ContextManager:
    """The memory that is shown."""
    return fast_manager()


@pytest.fixture
def settings() -> ServiceSettings:
    """The settings of the service; a test module may put others in their place."""
    return ServiceSettings()


@pytest.fixture
def service(manager: ContextManager, settings: ServiceSettings) -> Service:
    """The service that serves the page."""
    return Service(manager, settings)


@pytest.fixture
def options() -> dict[str, Any]:
    """How the browser is set up; a test may put others in their place."""
    return {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture
def seen(browser: Browser, service: Service, options: dict[str, Any]) -> Iterator[Seen]:
    """The page in a browser that was never there; at the end it must have made no mistake."""
    with listening("fastapi", service) as url:
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        opened = Seen(context.new_page(), url)
        opened.page.on("pageerror", lambda error: opened.faults.append(str(error)))
        opened.page.on("console", lambda said: _noted(opened, said))
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        yield opened
        context.close()
    assert opened.faults == []
    assert [address for address in opened.asked if not address.startswith(f"{url}/")] == []


def _noted(seen: Seen, said: Any) -> None:
    """Errors of the console; that a request was refused is told there too, and is no mistake."""
    if said.type in ("error", "warning") and "Failed to load resource" not in said.text:
        seen.faults.append(said.text)

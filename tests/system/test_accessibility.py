"""The page can be used by everybody: by keyboard, by screen readers, small, dark, and calm."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.system

VIEWS = ("prompt", "timeline", "memory", "activity")
LONG = "Donaudampfschiffahrtsgesellschaftskapitän" * 8


@pytest.fixture
def filled(manager):
    manager.pin("Answer in French.")
    manager.observe("My sister Ana lives in Porto.", LONG)
    manager.add_memory("The roof leaks.")
    for _ in range(2):
        manager.build("Where does my sister live?")


class TestByRules:
    """axe finds nothing in any view, with what opens opened."""

    @pytest.fixture(params=["light", "dark"])
    def options(self, request):
        # axe is put into the page as a script, which the page's own policy forbids.
        return {"color_scheme": request.param, "bypass_csp": True}

    def check(self, seen):
        found = Axe().run(seen.page)
        assert found.violations_count == 0, found.generate_report()

    def test_no_view_breaks_a_rule(self, seen, filled):
        seen.show()
        seen.build("Where does my sister live?", budget=300)
        seen.page.locator(".slot-head").last.click()
        self.check(seen)
        for view in VIEWS[1:]:
            seen.show(view)
            self.check(seen)

    def test_no_dialog_breaks_a_rule(self, seen, filled):
        seen.show("memory")
        for name in ("Key", "Whose memory", "Forget"):
            seen.page.get_by_role("button", name=name).first.click()
            expect(seen.page.get_by_role("dialog")).to_be_visible()
            self.check(seen)
            seen.page.keyboard.press("Escape")


class TestSmall:
    @pytest.fixture(params=[320, 390])
    def options(self, request):
        size = {"width": request.param, "height": 700}
        return {"viewport": size, "has_touch": True, "is_mobile": True}

    def test_nothing_is_wider_than_the_screen(self, seen, filled):
        for view in VIEWS:
            seen.show(view)
            if view == "prompt":
                seen.build("Where does my sister live?")
                seen.page.locator(".slot-head").first.tap()
            assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


class TestByKeyboard:
    def test_the_first_key_leads_past_the_header(self, seen):
        seen.show()
        seen.page.keyboard.press("Tab")
        expect(seen.page.get_by_role("link", name="Skip to content")).to_be_focused()
        seen.page.keyboard.press("Enter")
        seen.page.keyboard.press("Tab")
        expect(seen.page.get_by_label("Input", exact=True)).to_be_focused()

    def test_a_dialog_gives_the_focus_back(self, seen):
        seen.show()
        key = seen.page.get_by_role("button", name="Key", exact=True)
        key.press("Enter")
        expect(seen.page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
        seen.page.keyboard.press("Escape")
        expect(key).to_be_focused()

    def test_a_view_is_reached_and_named(self, seen):
        seen.show()
        seen.page.get_by_role("link", name="Activity").press("Enter")
        expect(seen.page).to_have_title("Activity · ContextManager")
        current = seen.page.locator("nav [aria-current=page]")
        expect(current).to_have_text("Activity")


class TestCalm:
    @pytest.fixture
    def options(self):
        return {"reduced_motion": "reduce"}

    def test_nothing_moves_for_who_asked_for_rest(self, seen, filled):
        seen.show()
        seen.build("Where does my sister live?")
        moving = seen.page.evaluate(
            """() => [...document.querySelectorAll("*")].filter((e) =>
                parseFloat(getComputedStyle(e).transitionDuration) > 0).length"""
        )
        assert moving == 0


def test_colours_can_be_chosen_and_are_kept(seen):
    seen.show()
    paper = "getComputedStyle(document.body).backgroundColor"
    button = seen.page.get_by_role("button", name="Colours")
    button.click()
    light = seen.page.evaluate(paper)
    button.click()
    dark = seen.page.evaluate(paper)
    assert light != dark
    seen.page.reload()
    expect(seen.page.locator("h1")).to_be_visible()
    assert seen.page.evaluate(paper) == dark

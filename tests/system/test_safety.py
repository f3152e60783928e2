"""No text from memory becomes part of the page's code, and no key goes where it should not."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from context_manager.records import Message
from context_manager.service import ServiceSettings

pytestmark = pytest.mark.system

HOSTILE = (
    "<img src=x onerror='window.hurt=1'>",
    "<script>window.hurt=1</script>",
    '"><svg onload=window.hurt=1>',
    "<iframe srcdoc='<script>parent.hurt=1</script>'></iframe>",
    "javascript:window.hurt=1",
    "</textarea></p></main><style>main{display:none}</style>",
    "{{constructor.constructor('window.hurt=1')()}}",
)
SESSION = "<b onmouseover=window.hurt=1>s</b>"
VIEWS = ("prompt", "timeline", "memory", "activity")


@pytest.fixture
def hostile(manager):
    memory = manager.scoped(session_id=SESSION)
    for text in HOSTILE:
        memory.observe_messages([Message("user", text, name=text[:60])], metadata={"k": text})
        memory.add_memory(f"note {text}")
        memory.pin(f"pinned {text}")
    return memory


def test_hostile_texts_are_shown_as_texts_in_every_view(seen, hostile):
    seen.show()
    seen.build(HOSTILE[0], budget=4000)
    for number in range(seen.page.locator(".slot-head").count()):
        seen.page.locator(".slot-head").nth(number).click()
    shown = [seen.look()]
    seen.show("timeline")
    shown.append(seen.look())
    seen.show("memory")
    shown.append(seen.look())
    for number in range(3):
        seen.page.get_by_role("button", name="Correct").nth(number).click()
    seen.page.get_by_role("searchbox").fill(HOSTILE[1])
    expect(seen.page.get_by_role("list", name="Hits").locator(".said").first).to_be_visible()
    seen.show("activity")
    for text in HOSTILE:
        assert all(text in told for told in shown), text
    assert seen.page.evaluate("window.hurt === undefined")
    made = "main :is(img, script, iframe, style, b[onmouseover]), svg[onload]"
    expect(seen.page.locator(made)).to_have_count(0)


def test_the_page_cannot_write_html_even_if_it_tried(seen):
    seen.show()
    told = seen.page.evaluate(
        "() => { try { document.body.innerHTML = '<i>'; return '' } catch (e) { return e.name } }"
    )
    assert told == "TypeError"
    assert any("TrustedHTML" in fault for fault in seen.faults)
    seen.faults.clear()


class TestWithKeys:
    @pytest.fixture
    def settings(self):
        return ServiceSettings(auth="required")

    def enter(self, seen, key):
        seen.page.get_by_role("button", name="Key", exact=True).click()
        seen.page.get_by_role("dialog").get_by_role("textbox").fill(key)
        seen.page.keyboard.press("Enter")
        # By its tag: a closed dialog has no role any more, but it stands until its answer is taken.
        expect(seen.page.locator("dialog")).to_have_count(0)
        seen.settle()

    def test_a_key_is_asked_for_refused_and_used(self, seen, service, manager):
        manager.add_memory("The roof leaks.")
        key, record = service.keyring.create()
        seen.show("memory")
        expect(seen.page.get_by_role("alert")).to_contain_text("A key is needed")
        seen.page.get_by_role("button", name="Enter a key").click()
        seen.page.keyboard.press("Escape")
        self.enter(seen, "cm_0000000000000000_nothing")
        expect(seen.page.get_by_role("alert")).to_contain_text("The key was refused")
        self.enter(seen, key)
        expect(seen.page.locator(".card")).to_contain_text("The roof leaks.")
        service.keyring.revoke(record.id)
        seen.show("activity")
        expect(seen.page.get_by_role("alert")).to_contain_text("The key was refused")

    def test_the_key_stays_in_the_tab(self, seen, service):
        key, _ = service.keyring.create()
        seen.show("memory")
        self.enter(seen, key)
        kept = seen.page.evaluate(
            "[...Object.values(localStorage), document.cookie, location.href].join()"
        )
        assert key not in kept
        assert not any(key in address for address in seen.asked)
        seen.page.reload()
        expect(seen.page.locator(".empty")).to_be_visible()
        other = seen.page.context.new_page()
        other.goto(f"{seen.url}/ui#memory")
        expect(other.get_by_role("alert")).to_contain_text("A key is needed")
        seen.page.get_by_role("button", name="Key", exact=True).click()
        seen.page.get_by_role("button", name="Forget the key").click()
        expect(seen.page.get_by_role("alert")).to_contain_text("A key is needed")
        assert seen.page.evaluate("sessionStorage.getItem('context-manager.key')") is None

    def test_what_a_key_may_not_do_is_said_where_it_was_tried(self, seen, service, manager):
        manager.add_memory("The roof leaks.")
        key, _ = service.keyring.create(may=("read",))
        seen.show("memory")
        self.enter(seen, key)
        seen.page.get_by_role("button", name="Forget").click()
        seen.page.get_by_role("dialog").get_by_role("button", name="Forget").click()
        alert = seen.page.locator(".card").get_by_role("alert")
        expect(alert).to_contain_text('lacks the permission "write"')
        assert len(manager.search("roof")) == 1


def test_a_service_that_is_gone_is_said_in_words(seen):
    seen.show()
    seen.page.context.set_offline(True)
    seen.page.get_by_role("link", name="Memory").click()
    expect(seen.page.get_by_role("alert")).to_contain_text("The service does not answer")
    seen.page.context.set_offline(False)
    seen.page.get_by_role("button", name="Try again").click()
    expect(seen.page.locator(".empty")).to_be_visible()

"""What the page shows is what the service says, and what it does is done."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.testing.embedders import HashEmbedder
from support.served import listening

pytestmark = pytest.mark.system

SISTER = "My sister Ana lives in Porto."
QUESTION = "Where does my sister live?"


@pytest.fixture
def manager():
    made = ContextManager(Config(memory=MemoryConfig(stm_capacity=60, chunk_size=40)))
    made.embedding_provider = HashEmbedder()
    return made


def test_the_prompt_is_shown_slot_by_slot_with_costs_that_add_up(seen, manager):
    manager.pin("Answer in French.")
    manager.observe(SISTER, "Noted.")
    seen.show()
    seen.build(QUESTION)
    built = manager.build(QUESTION, budget=1000)
    slots = seen.page.locator(".slot")
    expect(slots).to_have_count(len(built.slots))
    texts = [slots.nth(n).locator(".said").text_content() for n in range(len(built.slots))]
    assert texts == [slot.text.strip("\n") for slot in built.slots]
    costs = [int(cost.split()[0]) for cost in seen.page.locator(".cost").all_text_contents()]
    assert sum(costs) == built.tokens
    assert f"{built.tokens} of 1,000 tokens" in seen.look()
    widths = seen.page.locator(".budget span").evaluate_all(
        "parts => parts.map(part => Number(part.style.getPropertyValue('--share')))"
    )
    assert sum(widths) == pytest.approx(built.tokens / 1000)
    seen.page.get_by_role("button", name="As sent").click()
    assert seen.page.locator("pre").text_content() == built.text


def test_a_slot_opens_to_its_reason_and_scores_with_the_keyboard_alone(seen, manager):
    manager.add_memory(SISTER)
    manager.add_memory("The hut by the lake has a red door.")
    seen.show()
    seen.build(QUESTION)
    head = seen.page.locator(".slot-head", has_text="Memories").first
    head.focus()
    seen.page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-expanded", "true")
    opened = seen.page.locator(".details:visible")
    expect(opened).to_contain_text("Why")
    expect(opened).to_contain_text("mem_")
    expect(opened.get_by_label("What each stage of ranking added")).to_be_visible()


def test_what_is_reused_of_the_prompt_before_is_told(seen, manager):
    manager.pin("Answer in French, and be brief. " * 20)
    seen.show()
    seen.build(QUESTION)
    assert "stands again" not in seen.look()
    seen.build(QUESTION + " And my brother?")
    assert re.search(r"\d+ % of this session's previous prompt stands again", seen.look())


def test_the_timeline_shows_turns_in_order_and_brings_earlier_ones(seen, manager):
    for number in range(35):
        manager.observe(f"I have {number} sheep.", "Counted.")
    seen.show("timeline")
    said = seen.page.locator(".message.r-user .said")
    expect(said).to_have_count(30)
    assert said.first.text_content() == "I have 5 sheep."
    seen.page.get_by_role("button", name="Earlier turns").click()
    expect(said).to_have_count(35)
    assert said.all_text_contents() == [f"I have {n} sheep." for n in range(35)]
    expect(seen.page.get_by_role("button", name="Earlier turns")).to_have_count(0)


def test_another_session_is_chosen_by_its_name(seen, manager):
    manager.scoped(session_id="may").observe("It is May.", "It is.")
    manager.scoped(session_id="june").observe("It is June.", "It is.")
    seen.show("timeline")
    expect(seen.page.locator(".message").first).to_contain_text("It is June.")
    seen.page.get_by_role("button", name="may", exact=True).click()
    expect(seen.page.locator(".message").first).to_contain_text("It is May.")
    expect(seen.page.get_by_role("button", name="Whose memory")).to_have_text("Session may")


def test_a_message_is_sent_remembered_and_answered_from_memory(seen, manager):
    manager.add_memory(SISTER)
    seen.show("timeline")
    seen.page.get_by_label("Message").fill(QUESTION)
    seen.page.get_by_role("button", name="Send").click()
    expect(seen.page.locator(".message .said")).to_have_text([QUESTION])
    expect(seen.page.locator(".notice")).to_contain_text(SISTER)
    assert manager.archive.store.turns(manager.scope)[0].messages[0].text == QUESTION


def test_a_summary_opens_to_what_it_was_made_from(seen, manager):
    for number in range(8):
        manager.observe(f"The crate number {number} holds {number + 100} lamps.", "Counted.")
    assert manager.engine.background.drain(120)
    seen.show("memory")
    seen.page.get_by_label("Kind").select_option("summary")
    seen.settle()
    card = seen.page.locator(".card").first
    card.get_by_role("button", name="Sources").click()
    sources = card.get_by_role("list", name="Sources").locator(".card")
    expect(sources.first).to_be_visible()
    summary = card.get_attribute("data-id")
    made_from = [entry.text for entry in manager.expand(summary)]
    assert [text.strip() for text in sources.locator("> .said").all_text_contents()] == made_from


def test_search_finds_the_best_memory_first(seen, manager):
    for text in (SISTER, "The roof leaks.", "The boat is blue."):
        manager.add_memory(text)
    seen.show("memory")
    expect(seen.page.locator(".card")).to_have_count(3)
    seen.page.get_by_role("searchbox").fill("Which sister lives in Porto?")
    expect(seen.page.locator(".card").first).to_contain_text(SISTER)
    expect(seen.page.locator(".card").first.locator(".meter")).to_be_visible()


def test_a_memory_is_added_pinned_corrected_and_forgotten_with_a_receipt(seen, manager):
    seen.show("memory")
    expect(seen.page.locator(".empty")).to_be_visible()
    seen.page.get_by_text("Add a memory").click()
    seen.page.get_by_label("Text").fill(SISTER)
    seen.page.get_by_role("button", name="Remember").click()
    card = seen.page.locator(".card")
    card.get_by_role("button", name="Correct").click()
    seen.page.get_by_label("What it should say").fill("Ana lives in Lisbon.")
    seen.page.get_by_role("button", name="Put in its place").click()
    new = card.filter(has_text="Ana lives in Lisbon.")
    new.get_by_role("button", name="Pin").click()
    expect(new.locator(".chip")).to_have_text("pinned")
    assert "Ana lives in Lisbon." in manager.build_context("Hello.")
    new.get_by_role("button", name="Forget").click()
    dialog = seen.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Forget", exact=True).click()
    expect(dialog).to_contain_text("Receipt 1")
    expect(dialog).to_contain_text(manager.receipts()[0].digest)
    dialog.get_by_role("button", name="Done").click()
    expect(new).to_have_count(0)
    assert "Lisbon" not in manager.build_context("Hello.")


def test_nothing_is_forgotten_by_a_dialog_that_is_closed(seen, manager):
    manager.add_memory(SISTER)
    seen.show("memory")
    forget = seen.page.get_by_role("button", name="Forget")
    forget.click()
    seen.page.keyboard.press("Escape")
    expect(seen.page.get_by_role("dialog")).to_have_count(0)
    expect(seen.page.locator(".card")).to_have_count(1)
    assert len(manager.search("sister")) == 1


def test_activity_plots_what_was_built(seen, manager):
    for _ in range(3):
        manager.build(QUESTION)
    seen.show("activity")
    for name, dots in (("Tokens of a prompt", 3), ("Time of a build", 3), ("Cache reuse", 2)):
        plot = seen.page.get_by_role("img", name=name)
        expect(plot).to_be_visible()
        expect(plot.locator("circle")).to_have_count(dots)
    expect(seen.page.get_by_role("row", name="build")).to_contain_text("3")
    expect(seen.page.get_by_text("idle").first).to_be_visible()


def test_it_works_behind_flask_too(browser, service, manager):
    manager.observe(SISTER, "Noted.")
    with listening("flask", service) as url:
        page = browser.new_page()
        page.goto(f"{url}/ui/")
        page.get_by_label("Input", exact=True).fill(QUESTION)
        page.keyboard.press("Control+Enter")
        expect(page.locator(".slot").first).to_contain_text(SISTER)
        page.close()

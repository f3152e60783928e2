"""Takes the pictures of the page that the documentation shows: wide, dark, and on a phone.

Usage: python tools/page_pictures.py FOLDER     (needs Chromium and the group `system`)

They show the bundled sample history, served by this process.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

import context_manager.demo
from context_manager import ContextManager
from context_manager.service import Service, server

HISTORY = Path(context_manager.demo.__file__).with_name("conversation.jsonl")
PORT = 8799
WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
DARK = {**WIDE, "color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
PICTURES = {
    "prompt": ("prompt", WIDE),
    "prompt-dark": ("prompt", DARK),
    "prompt-phone": ("prompt", PHONE),
    "timeline": ("timeline", WIDE),
    "memory-phone": ("memory", PHONE),
    "activity-dark": ("activity", DARK),
}
QUESTIONS = (
    "What is Kilnslot, and who works on it?",
    "How wide is the niche for the fridge in our new kitchen?",
    "How did Pelle's weight go between March and August?",
)


def main(folder: str) -> None:
    """Write the pictures into a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        db = Path(scratch, "memory.db")
        command = [sys.executable, "-m", "context_manager", "--db", str(db), "import"]
        subprocess.run([*command, str(HISTORY)], check=True)
        manager = ContextManager.open(db)
        manager.pin("Answer in two sentences at most, in metric units.")
        running = server(Service(manager), "127.0.0.1", PORT)
        thread = threading.Thread(target=running.run)
        thread.start()
        while not running.started:
            time.sleep(0.05)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            for name, (view, options) in PICTURES.items():
                _take(browser, view, options, Path(folder, f"page-{name}.png"))
            browser.close()
        running.should_exit = True
        thread.join()


def _take(browser: Browser, view: str, options: dict[str, Any], path: Path) -> None:
    page = browser.new_context(**options).new_page()
    page.goto(f"http://127.0.0.1:{PORT}/ui")
    page.get_by_label("Budget in tokens").fill("1200")
    for question in QUESTIONS:
        page.get_by_label("Input", exact=True).fill(question)
        page.get_by_role("button", name="Build the prompt").click()
        expect(page.locator(".slot").last).to_contain_text(question)
    if view != "prompt":
        page.goto(f"http://127.0.0.1:{PORT}/ui#{view}")
    page.wait_for_timeout(800)
    if view == "memory":
        page.get_by_role("searchbox").fill("the vet and Pelle's medicine")
        page.wait_for_timeout(1200)
    expect(page.locator("[aria-busy]")).to_have_count(0)
    page.screenshot(path=path)
    page.context.close()


if __name__ == "__main__":
    main(sys.argv[1])

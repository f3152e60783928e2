"""`context-manager chat`: a conversation that is remembered, over a pipe and at a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from context_manager import ContextManager
from support import fault_server as server
from support.fault_server import Exchange, serve
from support.program import Ended, Program
from support.served import PATIENCE

PROGRAM = [sys.executable, "-m", "context_manager"]
Chat = Callable[..., Ended]


@pytest.fixture
def chat(program: Program, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """Types lines into the chat of a store and returns what came."""

    def run(*lines: str, options: tuple[Any, ...] = ()) -> Ended:
        import io

        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return program("chat", *options)

    return run


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for the local server."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")


def at(url: str, provider: str = "openai") -> tuple[str, ...]:
    path = "/v1" if provider == "openai" else ""
    return ("--provider", provider, "--model", "m", "--base-url", url + path)


def test_without_a_model_each_line_shows_what_one_would_be_given(chat: Chat) -> None:
    ended = chat("My locker has the number 12.", "Which number has my locker?")
    assert ended.code == 0
    prompts = ended.out.split("Current user input:")
    assert "My locker has the number 12." in prompts[1]
    assert ended.out.rstrip().endswith("Current user input: Which number has my locker?")


def test_a_later_chat_remembers_an_earlier_one(chat: Chat) -> None:
    chat("My locker has the number 12.")
    ended = chat("Which number has my locker?")
    assert "User: My locker has the number 12." in ended.out


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_model_answers_from_memory_and_its_answer_is_remembered(
    chat: Chat, provider: str
) -> None:
    with serve(server.answers("It has the number 12.")) as there:
        options = at(there.url, provider)
        ended = chat("My locker has the number 12.", "Which has my locker?", options=options)
    assert ended.out == "It has the number 12.\n" * 2
    assert there.requests[-1]["stream"] is True
    asked = there.requests[-1]["messages"][-1]["content"]
    assert "User: My locker has the number 12." in asked
    assert "Assistant: It has the number 12." in asked


def test_context_and_explain_show_the_last_prompt_or_that_of_a_question(chat: Chat) -> None:
    ended = chat(
        "My locker has the number 12.",
        "/context Which locker?",
        "/explain",
        options=("--facts", "off"),
    )
    assert "Current user input: Which locker?" in ended.out
    assert "In the prompt, in reading order" in ended.out


def test_pin_and_forget_do_what_they_say(chat: Chat) -> None:
    ended = chat(
        "My locker has the number 12.", "/forget", "/pin Answer in Welsh.", "/context What now?"
    )
    assert "forgot 1 memory" in ended.out
    last = ended.out.partition("pinned as mem_")[2]
    assert "Answer in Welsh." in last
    assert "locker" not in last


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/dance", "no command /dance"),
        ("/forget", "nothing was said yet"),
        ("/forget mem_none", "nothing is remembered"),
        ("/pin", "write what to pin"),
        ("/context", "nothing was asked yet"),
        ("/explain", "nothing was asked yet"),
    ],
)
def test_a_command_that_cannot_be_done_is_told_and_the_chat_goes_on(
    chat: Chat, line: str, told: str
) -> None:
    ended = chat(line, "Are you there?")
    assert told in " ".join(ended.err.split())
    assert "Current user input: Are you there?" in ended.out
    assert ended.code == 0


def test_quit_leaves_and_help_lists_the_commands(chat: Chat) -> None:
    ended = chat("/help", "/quit", "Are you there?")
    for command in ("/context", "/explain", "/forget", "/pin", "/quit"):
        assert command in ended.out
    assert "Are you there?" not in ended.out


def test_a_provider_that_fails_loses_no_input_and_does_not_end_the_chat(
    chat: Chat, program: Program
) -> None:
    with serve(server.status(401), server.answers("Fine.")) as there:
        ended = chat("My locker has the number 12.", "Hello?", options=at(there.url))
    assert "refused the key" in ended.err
    assert ended.out == "Fine.\n"
    assert "number 12" in program("query", "locker").out


def test_an_answer_that_breaks_off_is_remembered_as_far_as_it_came(
    chat: Chat, program: Program
) -> None:
    with serve(server.reset_mid_body) as there:
        ended = chat("Count to three.", options=at(there.url))
    assert ended.out.startswith("One")
    assert ended.err.startswith("error:")
    texts = [entry["text"] for entry in program("list", "--json").data]
    assert "Count to three." in texts
    assert "One" in " ".join(texts)


def test_programs_get_a_line_of_json_for_each_line(chat: Chat) -> None:
    with serve(server.answers("Fine.")) as there:
        ended = chat("Hello.", "/context Hello.", "/pin A text", options=("--json", *at(there.url)))
    first, second, third = map(json.loads, ended.out.splitlines())
    assert (first["input"], first["answer"], first["degraded"]) == ("Hello.", "Fine.", [])
    assert second["input"] == "Hello."
    assert third["text"].startswith("pinned as")


@pytest.mark.parametrize(
    "options", [("--provider", "nobody"), ("--facts", "some")], ids=lambda o: o[0]
)
def test_a_choice_that_does_not_exist_is_refused(chat: Chat, options: tuple[str, str]) -> None:
    ended = chat("Hello.", options=options)
    assert ended.code == 2
    assert options[1] in ended.err


def test_facts_change_in_a_chat(chat: Chat) -> None:
    ended = chat("I live in Leeds.", "I moved to Bath.", "Where do I live?")
    last = ended.out.rpartition("Recent conversation:")[2]
    assert "The user lives in Bath.]" in last


def test_at_a_terminal_words_appear_as_they_come_and_an_interrupt_keeps_what_came(
    tmp_path: Path,
) -> None:
    """Claims shown by a real terminal: a greeting, streaming, and Ctrl-C within an answer."""
    with serve(_one_word_then_silence, server.answers("Fine.")) as there:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*PROGRAM, "chat", "--db", "chat.db", *at(there.url)],
            cwd=tmp_path,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "COLUMNS": "100"},
        )
        os.close(theirs)
        terminal = Terminal(ours)
        try:
            assert "/forget" in terminal.until("you>")
            os.write(ours, b"Count slowly.\n")
            terminal.until("First")
            process.send_signal(signal.SIGINT)
            terminal.until("you>")
            os.write(ours, b"Hello?\n")
            terminal.until("Fine.")
            terminal.until("you>")
            os.write(ours, b"/quit\n")
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait(PATIENCE)
            os.close(ours)
    with ContextManager.open(tmp_path / "chat.db") as manager:
        texts = [entry.text for entry in manager.long_term_memory.entries]
    assert any(text.startswith("First") for text in texts)


def _one_word_then_silence(exchange: Exchange) -> None:
    exchange.head(kind="text/event-stream")
    exchange.send(server._events(exchange, ["First "])[0])
    exchange.stopped.wait(PATIENCE)


class Terminal:
    """What a terminal shows, read text by text."""

    def __init__(self, ours: int) -> None:
        self._ours = ours
        self._left = b""

    def until(self, wanted: str) -> str:
        """What comes next, up to and with some text; fails when it does not come."""
        end = time.monotonic() + PATIENCE
        while (place := self._left.find(wanted.encode())) < 0:
            wait = end - time.monotonic()
            readable, *_ = select.select([self._ours], [], [], max(wait, 0))
            assert readable, f"{wanted!r} never came; seen: {self._left!r}"
            self._left += os.read(self._ours, 4096)
        place += len(wanted)
        seen, self._left = self._left[:place], self._left[place:]
        return seen.decode(errors="replace")

"""`chat`: a conversation with memory, in the terminal or through a pipe.

This file decides which model answers, where lines come from and how answers look. What a line
means stands in `conversation`.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from rich.console import Console
from rich.rule import Rule

from context_manager.cli.conversation import HELP, Conversation, Shown, converse
from context_manager.cli.explaining import explanation, used
from context_manager.cli.invocation import Invocation
from context_manager.cli.outcome import tell
from context_manager.cli.parameters import Option
from context_manager.cli.prompted import as_data
from context_manager.cli.text import harmless
from context_manager.errors import ContextManagerError, InputError
from context_manager.records import Context

FACTS = ("off", "rules", "llm")


def chat(
    call: Invocation,
    provider: Annotated[
        str,
        Option(
            "--provider", help="openai, anthropic, ollama, vllm, lmstudio, litellm, ... or none."
        ),
    ] = "none",
    model: Annotated[str | None, Option("--model", help="The provider's name of it.")] = None,
    base_url: Annotated[
        str | None, Option("--base-url", help="Where a server of your own listens.")
    ] = None,
    budget: Annotated[
        int | None, Option("--budget", "-b", min=0, help="Most tokens of each prompt.")
    ] = None,
    facts: Annotated[str, Option("--facts", help="off, rules or llm.")] = "rules",
) -> None:
    """Chat with a model that remembers; without one, see what it would be given.

    Every input is remembered, and every answer as far as it came. The key of a provider is read
    from its own environment variable. Lines that begin with a slash are commands; /help lists them.
    """
    if facts not in FACTS:
        raise InputError(f"--facts is one of {', '.join(FACTS)}, not {facts!r}")
    with call.manager(create=True, session=f"chat-{secrets.token_hex(4)}") as manager:
        manager.config.facts = facts  # type: ignore[assignment]  # checked above
        options = {"base_url": base_url} if base_url else {}
        conversation = Conversation(manager, _model(manager, provider, model, options), budget)
        conversation.asked = {
            "max_tokens": manager.config.llm.max_tokens,
            "temperature": manager.config.llm.temperature,
        }
        face = _Lines(call) if call.json else _Terminal(call)
        face.greet(conversation)
        converse(conversation, _typed(call), show=face.show, reply=face.reply, fail=face.fail)


def _model(manager: Any, provider: str, model: str | None, options: Mapping[str, Any]) -> Any:
    """The guarded model of a provider, which also writes summaries; None for "none"."""
    from context_manager.config import LLMConfig
    from context_manager.llm.adapters import ADAPTERS, create_llm_adapter
    from context_manager.manager.guarding import guarded

    if provider == "none":
        return None
    if provider not in ADAPTERS:
        raise InputError(f"unknown provider {provider!r}; known: {', '.join(ADAPTERS.names())}")
    manager.config.llm = LLMConfig(provider, model, options=dict(options))
    manager.llm_adapter = create_llm_adapter(provider, model=model, **options)
    manager.summarizer.llm_adapter = manager.llm_adapter
    return guarded(manager, manager.llm_adapter)


def _typed(call: Invocation) -> Iterator[str]:
    """The lines of standard input; somebody at a terminal sees where to type."""
    while True:
        if call.interactive and not call.json:
            call.out.print("[bold cyan]you>[/] ", end="")
            call.out.file.flush()
        line = sys.stdin.readline()
        if not line:
            return
        yield line


class _Terminal:
    """Answers for people."""

    def __init__(self, call: Invocation) -> None:
        self._call, self._out = call, call.out
        self._greets = call.interactive

    def greet(self, conversation: Conversation) -> None:
        """Say what there is to say before the first line."""
        if not self._greets:
            return
        model = conversation.model
        who = model.model if model else "no model: you see what one would be given"
        self._out.print(f"[bright_black]{who}\n{HELP}[/]")

    def show(self, shown: Shown) -> None:
        """Show what a command answers."""
        if shown.context is None:
            self._out.print(harmless(shown.text), markup=False)
        elif shown.explained:
            self._out.print(explanation(shown.context, self._out.width))
        else:
            self._call.write(shown.context.text)

    def reply(self, text: str, context: Context, pieces: Iterator[str]) -> None:
        """Write an answer as it comes, or the prompt where nobody answers."""
        write, came = self._out.file.write, False
        try:
            for piece in pieces:
                came = True
                write(harmless(piece) if self._out.is_terminal else piece)
                self._out.file.flush()
        except KeyboardInterrupt:
            came = True
            write(" ...")  # what has come is remembered
        if came:
            write("\n")
        else:
            self._call.write(context.text)
        if self._greets:
            degraded = f"; without {', '.join(context.degraded)}" if context.degraded else ""
            self._out.print(Rule(f"{used(context)}{degraded}", style="bright_black"))

    def fail(self, error: ContextManagerError) -> None:
        """Tell of an error."""
        tell(error, as_json=False)


class _Lines:
    """Answers for programs: a line of JSON for each line of input."""

    def __init__(self, call: Invocation) -> None:
        self._out: Console = call.out

    def greet(self, conversation: Conversation) -> None:
        """Nothing: only answers are written."""

    def show(self, shown: Shown) -> None:
        """Write what a command answers."""
        context = shown.context
        self._write({"text": shown.text} if context is None else as_data(context))

    def reply(self, text: str, context: Context, pieces: Iterator[str]) -> None:
        """Write an answer when it is complete."""
        answer = "".join(pieces)
        self._write(
            {
                "input": text,
                "answer": answer,
                "prompt": context.text,
                "tokens": context.tokens,
                "degraded": list(context.degraded),
            }
        )

    def fail(self, error: ContextManagerError) -> None:
        """Tell of an error."""
        tell(error, as_json=True)

    def _write(self, data: Mapping[str, Any]) -> None:
        self._out.file.write(json.dumps(data, ensure_ascii=False) + "\n")
        self._out.file.flush()

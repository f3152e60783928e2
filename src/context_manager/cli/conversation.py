"""A chat with memory: one line in, one answer out, and the commands that begin with a slash.

This file decides what a line means, what is asked of the model and what is remembered: the input
always, the answer as far as it came. Where lines come from and how answers look is decided in
`commands.chatting`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from context_manager.cli.text import memories
from context_manager.errors import ContextManagerError, InputError, NotFoundError
from context_manager.records import Context

if TYPE_CHECKING:
    from context_manager.llm.guarded import GuardedLLM
    from context_manager.manager import ContextManager

HELP = """\
/context [TEXT]    show the prompt for TEXT, or the one that was built last
/explain [TEXT]    show what is in it, at what cost, and why
/pin TEXT          show TEXT in every prompt from now on
/forget [ID]       forget the last exchange, or the memory with this id
/quit              leave (so does the end of input)"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command shows: a prompt with or without its explanation, or a text; or the end."""

    text: str = ""
    context: Context | None = None
    explained: bool = False
    ends: bool = False


@dataclass
class Conversation:
    """One chat.

    Args:
        manager: Whose memory it is, in the scope of the chat.
        model: What answers; None shows what a model would have been given.
        budget: Most tokens of a prompt; the manager's setting when None.
        asked: Keywords of each question to the model.
    """

    manager: ContextManager
    model: GuardedLLM | None = None
    budget: int | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    _last_input: str = ""
    _last_turn: str = ""

    def command(self, line: str) -> Shown:
        """Do what a line that begins with a slash says.

        Raises:
            InputError: There is no such command, or it lacks what it needs.
        """
        name, _, rest = line.partition(" ")
        run = self._commands().get(name)
        if run is None:
            raise InputError(f"there is no command {name}; /help lists them")
        return run(rest.strip())

    def prompt(self, text: str) -> Context:
        """The prompt for an input."""
        self._last_input = text
        return self.manager.build(text, budget=self.budget)

    def answer(self, text: str, context: Context) -> Generator[str, None, None]:
        """The model's answer piece by piece; what has come is remembered however it ends."""
        pieces: list[str] = []
        try:
            if self.model is not None:
                stream: Any = self.model.stream_sync(context.text, **self.asked)
                with closing(stream):
                    for piece in stream:
                        pieces.append(piece)
                        yield piece
        finally:
            self._last_turn = self.manager.observe(text, "".join(pieces)).id

    def _commands(self) -> dict[str, Callable[[str], Shown]]:
        return {
            "/context": lambda text: Shown(context=self._context(text)),
            "/explain": lambda text: Shown(context=self._context(text), explained=True),
            "/pin": self._pin,
            "/forget": self._forget,
            "/help": lambda _: Shown(HELP),
            "/quit": lambda _: Shown(ends=True),
        }

    def _context(self, text: str) -> Context:
        asked = text or self._last_input
        if not asked:
            raise InputError("nothing was asked yet; write /context and a question")
        return self.manager.explain(asked, budget=self.budget)

    def _pin(self, text: str) -> Shown:
        if not text:
            raise InputError("write what to pin after /pin")
        return Shown(f"pinned as {self.manager.pin(text)}")

    def _forget(self, wanted: str) -> Shown:
        target = wanted or self._last_turn
        if not target:
            raise InputError("nothing was said yet; write the id of a memory after /forget")
        receipt = self.manager.forget(target)
        if not receipt.entries:
            raise NotFoundError(f"nothing is remembered under {target!r}")
        if target == self._last_turn:
            self._last_turn = self._last_input = ""
        return Shown(f"forgot {memories(receipt.entries)}")


def converse(
    conversation: Conversation,
    lines: Iterable[str],
    *,
    show: Callable[[Shown], object],
    reply: Callable[[str, Context, Iterator[str]], object],
    fail: Callable[[ContextManagerError], object],
) -> None:
    """Answer line after line until the last, or until somebody leaves.

    Args:
        conversation: The chat.
        lines: What is typed.
        show: Shows what a command answers.
        reply: Shows an answer: the input, its prompt, and the pieces as they come.
        fail: Tells of an error; the chat goes on after it.
    """
    for line in lines:
        text = line.strip()
        try:
            if text.startswith("/"):
                shown = conversation.command(text)
                if shown.ends:
                    return
                show(shown)
            elif text:
                context = conversation.prompt(text)
                with closing(conversation.answer(text, context)) as pieces:
                    reply(text, context, pieces)
        except ContextManagerError as error:
            fail(error)

"""How the demo looks. Decides layout and the sums at the end; it asks and builds nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from context_manager.cli.demo_questions import Finding, Question
from context_manager.cli.explaining import budget_bar, own_text, used
from context_manager.cli.text import day, duration, excerpt, harmless, number, plural, size
from context_manager.records import Context

DAY_SECONDS = 86_400.0
INDENT = 4
FOUND, MISSING = Text("\u2714 ", "bold green"), Text("\u2718 ", "bold red")
MARKED = Text("? marked: memory may not answer this", "yellow")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was put into the store.

    Args:
        messages, sessions: How many.
        first, last: Earliest and latest time, seconds since 1970 (UTC).
        tokens: Tokens of the whole history.
        seconds: What it took to store and index it.
        store_bytes: Size of the store.
        costs: Line and tokens of each message, in order.
    """

    messages: int
    sessions: int
    first: float
    last: float
    tokens: int
    seconds: float
    store_bytes: int
    costs: tuple[tuple[int, int], ...]

    def window(self, budget: int) -> frozenset[int]:
        """Lines of the last messages that fit a budget: what a chat without memory shows."""
        lines: set[int] = set()
        for line, tokens in reversed(self.costs):
            budget -= tokens
            if budget < 0:
                break
            lines.add(line)
        return frozenset(lines)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the prompt that was built for it, and what of the answer stands in it.

    Args:
        question: The question.
        context: The prompt.
        findings: Each clue, and where it stands.
        seconds: What building took.
        now: When it was asked, seconds since 1970 (UTC).
    """

    question: Question
    context: Context
    findings: tuple[Finding, ...]
    seconds: float
    now: float

    @property
    def right(self) -> bool:
        """Every clue is there; or there is none, and the prompt knows."""
        if self.question.answer is None:
            return not self.context.covered
        return all(finding.slot for finding in self.findings)


def show_history(out: Console, remembered: Remembered, budget: int) -> None:
    """What was remembered, and what the questions are allowed."""
    share = budget / max(1, remembered.tokens)
    told = Text.assemble(
        ("Somebody has talked to an assistant for months: ", ""),
        (plural(remembered.messages, "message"), "bold"),
        f" in {plural(remembered.sessions, 'conversation')}, {day(remembered.first)} to "
        f"{day(remembered.last)}, {number(remembered.tokens)} tokens. A prompt may hold ",
        (f"{number(budget)} tokens", "bold"),
        f", {share:.1%} of that. Which ones?\n\n",
        (
            f"Remembered and indexed in {duration(remembered.seconds)}, in one file of "
            f"{size(remembered.store_bytes)}. No language model, no key, no network.",
            "bright_black",
        ),
    )
    out.print(Panel(told, title="[bold]ContextManager[/] in a minute", padding=(1, 2)))


def show_asked(out: Console, asked: Asked, number_: int) -> None:
    """One question: its prompt as a bar, and each clue with where it comes from and why it is in.

    The first question also shows its whole prompt.
    """
    out.print()
    answer = asked.question.answer or "The history does not say."
    lines: list[RenderableType] = [
        Text(harmless(answer), "italic"),
        budget_bar(asked.context, max(20, min(out.width, 100) - INDENT)),
        *(_clue(finding, asked.now, out.width - INDENT) for finding in asked.findings),
    ]
    if asked.question.answer is None:
        lines.append(_verdict(asked))
    elif not asked.context.covered:
        lines.append(MARKED)
    block = Table.grid(padding=(0, 1))
    block.add_column(width=INDENT - 1, justify="right", style="bright_black")
    block.add_row(str(number_), Text(harmless(asked.question.text), "bold"))
    block.add_row("", Group(*lines))
    out.print(block)
    if number_ == 1:
        out.print(Padding(_prompt(asked.context, asked.seconds), (1, 0, 0, INDENT)))


def _prompt(context: Context, seconds: float) -> Panel:
    title = f"the whole prompt: {used(context)}, built in {duration(seconds)}"
    return Panel(Text(harmless(context.text)), title=title, border_style="bright_black")


def _clue(finding: Finding, now: float, width: int) -> Text:
    slot, phrase = finding.slot, finding.clue.phrase
    if slot is None:
        told = MISSING.copy()
        told.append(f"not in the prompt: \u201c{harmless(phrase)}\u201d", "red")
        return told.append(f" (line {finding.clue.line})", "bright_black")
    told = FOUND.copy()
    told.append(f"{day(slot.timestamp)}, {_ago(now, slot.timestamp)} \u00b7 ", "bright_black")
    told.append(f"{harmless(slot.speaker or '')}: ", "bold")
    said = Text(excerpt(own_text(slot), max(30, 2 * width - 60), around=phrase))
    said.highlight_words([phrase], "black on green", case_sensitive=False)
    told.append_text(said)
    cost = plural(slot.tokens, "token")
    return told.append(f"\n  {harmless(slot.reason)} · {cost}", "bright_black")


def _ago(now: float, then: float | None) -> str:
    return plural(round((now - (then or 0.0)) / DAY_SECONDS), "day") + " before"


def _verdict(asked: Asked) -> Text:
    if asked.right:
        return FOUND.copy().append("marked: no memory seems to answer this", "green")
    return MISSING.copy().append("not marked as lacking an answer", "red")


def totals(
    remembered: Remembered, asked: Sequence[Asked], wider: Sequence[Asked], budget: int
) -> dict[str, Any]:
    """The sums of a demo and each of its questions, JSON-ready.

    Args:
        remembered: What was put into the store.
        asked: The questions, and their prompts of at most ``budget`` tokens.
        wider: The same questions with prompts of a larger budget.
        budget: Most tokens of a prompt.
    """
    findings = [finding for each in asked for finding in each.findings]
    window = remembered.window(budget)
    answerable = [each for each in asked if each.question.answer is not None]
    unanswerable = [each for each in asked if each.question.answer is None]
    marked = [each for each in answerable if not each.context.covered]
    return {
        "messages": remembered.messages,
        "history_tokens": remembered.tokens,
        "remember_seconds": remembered.seconds,
        "budget": budget,
        "clues": len(findings),
        "clues_found": sum(finding.slot is not None for finding in findings),
        "clues_in_window": sum(finding.clue.line in window for finding in findings),
        "answerable": len(answerable),
        "answerable_complete": sum(each.right for each in answerable),
        "answerable_marked": len(marked),
        "answerable_marked_incomplete": sum(not each.right for each in marked),
        "unanswerable": len(unanswerable),
        "unanswerable_marked": sum(each.right for each in unanswerable),
        "tokens_most": max(each.context.tokens for each in asked),
        "build_seconds_median": median(each.seconds for each in asked),
        "wider_budget": wider[0].context.budget,
        "wider_clues_found": sum(bool(f.slot) for each in wider for f in each.findings),
        "asked": [_asked_data(each) for each in asked],
    }


def _asked_data(asked: Asked) -> dict[str, Any]:
    return {
        "question": asked.question.text,
        "answer": asked.question.answer,
        "covered": asked.context.covered,
        "tokens": asked.context.tokens,
        "seconds": asked.seconds,
        "clues": [
            {
                "line": finding.clue.line,
                "phrase": finding.clue.phrase,
                "found": finding.slot is not None,
                "reason": finding.slot.reason if finding.slot else None,
            }
            for finding in asked.findings
        ],
        "prompt": asked.context.text,
    }


def show_totals(out: Console, data: Mapping[str, Any]) -> None:
    """The sums, and what to do next."""
    out.print()
    out.print(Rule("all together", style="bright_black"))
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column(justify="right", style="bold")
    table.add_column(style="bright_black")
    for row in _total_rows(data):
        table.add_row(*row)
    out.print(table)
    out.print()
    out.print("Now with a chat of your own:", style="bold")
    for command in (
        "context-manager import CHAT.jsonl",
        'context-manager context "What did we decide?" --explain',
    ):
        out.print(f"  {command}", style="green", markup=False)


def _total_rows(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    def of(part: str, whole: str) -> str:
        return f"{data[part]} of {data[whole]}"

    def share(part: str) -> str:
        return f"{data[part] / max(1, data['clues']):.0%}"

    budget, lacking = number(data["budget"]), data["answerable_marked_incomplete"]
    return [
        (f"clues in {budget} tokens", of("clues_found", "clues"), share("clues_found")),
        (
            f"clues in {number(data['wider_budget'])} tokens",
            of("wider_clues_found", "clues"),
            share("wider_clues_found"),
        ),
        (
            "clues in the last messages",
            of("clues_in_window", "clues"),
            f"as many as {budget} tokens hold: a chat without memory",
        ),
        (
            "questions with all their clues",
            of("answerable_complete", "answerable"),
            f"in {budget} tokens",
        ),
        (
            "marked, though answerable",
            of("answerable_marked", "answerable"),
            f"{lacking} of them lack a clue",
        ),
        (
            "marked, and unanswerable",
            of("unanswerable_marked", "unanswerable"),
            "marks tell strange subjects, not details left unsaid",
        ),
        ("largest prompt", number(data["tokens_most"]), f"of {budget} tokens"),
        ("time to build one", duration(data["build_seconds_median"]), "median"),
    ]

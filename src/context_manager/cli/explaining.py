"""What a prompt looks like when it is explained: a bar of its budget and a row for each slot.

Decides layout only. It takes a `Context` and makes something to print; it builds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from context_manager.cli.text import day, excerpt, harmless, number, plural
from context_manager.records import Context, NearMiss, Slot

COLOURS: Mapping[str, str] = {
    "pinned": "magenta",
    "summary": "cyan",
    "recent": "blue",
    "memory": "green",
    "input": "yellow",
}
"""The colour of each section, the same in bar and table."""


def budget_bar(context: Context, width: int) -> Group:
    """The budget as a bar of ``width`` cells, each section in its colour, and a legend below."""
    spent: dict[str, int] = {}
    for slot in context.slots:
        spent[slot.section] = spent.get(slot.section, 0) + slot.tokens
    bar, legend = Text(), Text()
    for section, cells in shares(spent, context.budget, width).items():
        colour = COLOURS.get(section, "white")
        bar.append("█" * cells, colour)
        legend.append("■ ", colour).append(f"{section} {number(spent[section])}   ")
    bar.append("░" * (width - len(bar)), "bright_black")
    free = max(0, context.budget - context.tokens)
    legend.append("■ ", "bright_black").append(f"free {number(free)}")
    return Group(bar, legend)


def shares(spent: Mapping[str, int], budget: int, width: int) -> dict[str, int]:
    """Cells of a bar for each section: together never more than its share of the budget asks for.

    Args:
        spent: Tokens of each section.
        budget: Tokens that the whole bar stands for.
        width: Its cells.
    """
    whole = max(budget, sum(spent.values()), 1)
    cells, before, reached = {}, 0, 0
    for section, tokens in spent.items():
        before += tokens
        edge = round(before * width / whole)
        cells[section], reached = edge - reached, edge
    return cells


def used(context: Context) -> str:
    """ "873 of 1,000 tokens (87 %)"."""
    share = f" ({100 * context.tokens // context.budget}%)" if context.budget else ""
    return f"{number(context.tokens)} of {number(context.budget)} tokens{share}"


def explanation(context: Context, width: int) -> Group:
    """Everything there is to say about a prompt.

    Args:
        context: The prompt.
        width: Columns of the terminal.
    """
    parts: list[RenderableType] = [
        Text(used(context), "bold").append(
            f" · a memory answers this with a probability of {context.answerability:.0%}",
            "not bold bright_black",
        ),
        budget_bar(context, min(width, 100)),
        Text(),
        slot_table(context.slots, width),
    ]
    if context.near_misses:
        parts += [Text(), near_miss_table(context.near_misses, width)]
    notes = [*_notes(context)]
    return Group(*parts, *([Text(), *notes] if notes else []))


def _notes(context: Context) -> list[Text]:
    notes = []
    if not context.covered:
        notes.append(Text("No memory seems to answer this.", "yellow"))
    if context.degraded:
        failed = ", ".join(context.degraded)
        notes.append(Text(f"Degraded: {failed} did not work; the prompt was built without.", "red"))
    return notes


def slot_table(slots: tuple[Slot, ...], width: int) -> Table:
    """A row per slot: section, cost, score, and what it is and why it is in."""
    table = _table("In the prompt, in reading order")
    for column in ("section", "tokens", "score"):
        table.add_column(column, justify="left" if column == "section" else "right", no_wrap=True)
    table.add_column("what, and why", ratio=1, overflow="fold")
    for slot in slots:
        table.add_row(
            Text(slot.section, COLOURS.get(slot.section, "white")),
            number(slot.tokens),
            _score(slot.score),
            _what(slot, 2 * max(20, width - 30)),
        )
    table.add_section()
    total = number(sum(slot.tokens for slot in slots))
    table.add_row("all", Text(total, "bold"), "", Text(plural(len(slots), "slot"), "bold"))
    return table


def near_miss_table(misses: tuple[NearMiss, ...], width: int) -> Table:
    """A row per candidate that stayed out: what it would have cost and why it is out."""
    table = _table("Just missed")
    for column in ("tokens", "score"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("what, and why not", ratio=1, overflow="fold")
    for miss in misses:
        what = Text(excerpt(miss.text, max(20, width - 22)))
        what.append(f"\n{harmless(miss.reason)}", "bright_black")
        table.add_row(number(miss.tokens), _score(miss.score), what)
    return table


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        expand=True,
        pad_edge=False,
        box=box.SIMPLE_HEAD,
    )


def _what(slot: Slot, length: int) -> Text:
    told = [part for part in (slot.speaker, day(slot.timestamp)) if part]
    what = Text()
    if told:
        what.append(" · ".join(map(harmless, told)) + "\n", "bold")
    what.append(excerpt(own_text(slot), length))
    reason = harmless(slot.reason) + (" (cut)" if slot.cut else "")
    return what.append(f"\n{reason}", "bright_black")


def own_text(slot: Slot) -> str:
    """What a slot says, without the frame that the prompt puts before it."""
    from context_manager.context.fence import CLOSE, HEADINGS

    text = slot.text.strip()
    heading = HEADINGS.get(slot.section, "")
    for frame in (heading, f"{slot.speaker}: " if slot.speaker else ""):
        _, found, said = text.partition(frame) if frame else ("", "", "")
        text = said if found else text
    return text.removesuffix(CLOSE).strip()


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.2f}"

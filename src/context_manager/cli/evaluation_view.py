"""How the figures of `eval` look. Decides layout only."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from context_manager.cli.text import harmless, plural
from context_manager.evaluation import Figures


def show_figures(out: Console, rows: Sequence[tuple[str, Figures]], budgets: Sequence[int]) -> None:
    """The figures of each user, one table of recall and the rest in lines."""
    for name, figures in rows:
        told = plural(figures.messages, "message")
        out.print(f"{harmless(name)}: {told} in {plural(figures.turns, 'turn')}", markup=False)
        out.print(_recall(figures, budgets))
        for line in _lines(figures):
            out.print(line, markup=False, soft_wrap=True)


def _recall(figures: Figures, budgets: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="evidence shown, by tokens of prompt")
    table.add_column("questions")
    table.add_column("asked", justify="right")
    for budget in budgets:
        table.add_column(f"{budget:,}", justify="right")
    for kind, asked in figures.asked.items():
        shares = figures.recall.get(kind, {})
        cells = [_percent(shares.get(budget)) for budget in budgets]
        table.add_row(harmless(kind), f"{asked:,}", *cells)
    return table


def _lines(figures: Figures) -> list[str]:
    return [
        f"said to be answered, and is: {_percent(figures.covered)}",
        f"said not to be answered, and is not: {_percent(figures.abstained)}",
        f"outdated statements shown as holding: {_percent(figures.stale)}",
        f"prompts of another user that show something: {figures.leaked:,}",
        f"prompts that show something forgotten: {figures.remained:,}",
        f"stable part of a prompt that stands again in the next: {_percent(figures.reused)}",
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"

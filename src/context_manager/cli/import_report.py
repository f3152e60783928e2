"""How an import is reported. Decides layout only; it reads and stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from context_manager.cli.text import harmless, month, plural
from context_manager.records import DEFAULT_SCOPE

SHOWN_USERS = 3
"""Users named in a row of the report; more are only counted."""


def show_import(out: Console, db: str, rows: Sequence[Mapping[str, Any]], *, dry_run: bool) -> None:
    """What was imported, file by file, and what to do with it.

    Args:
        out: Where to show it.
        db: The store.
        rows: Of each file: ``file``, ``format``, ``users``, ``sessions``, ``messages``, ``new``,
            ``first``, ``last`` and ``skipped``.
        dry_run: Nothing was stored.
    """
    out.print(_table(rows))
    for row in rows:
        if row["skipped"]:
            told = ", ".join(f"{count:,} {what}" for what, count in row["skipped"].items())
            name = harmless(Path(row["file"]).name)
            out.print(f"passed over in {name}: {told}", markup=False, soft_wrap=True)
    new = plural(sum(row["new"] for row in rows), "message")
    if dry_run:
        out.print("nothing was imported (--dry-run)")
        return
    here = sum(row["messages"] for row in rows) - sum(row["new"] for row in rows)
    known = f", {here:,} were there already" if here else ""
    out.print(f"{new} remembered in {db}{known}", markup=False, soft_wrap=True)
    out.print(f"ask: {_next_step(rows)}", style="bright_black", markup=False, soft_wrap=True)


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("file", overflow="fold")
    table.add_column("users", overflow="fold")
    for column in ("sessions", "messages"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            _file(row),
            harmless(_few(row["users"])),
            f"{row['sessions']:,}",
            f"{row['messages']:,}",
        )
    return table


def _file(row: Mapping[str, Any]) -> Text:
    months = [month(row[end]) for end in ("first", "last") if row[end] is not None]
    about = f"\n{row['format']}, {' to '.join(dict.fromkeys(months)) or 'without times'}"
    return Text(harmless(Path(row["file"]).name)).append(about, "bright_black")


def _few(names: Sequence[str]) -> str:
    if len(names) <= SHOWN_USERS:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN_USERS])} and {len(names) - SHOWN_USERS:,} more"


def _next_step(rows: Sequence[Mapping[str, Any]]) -> str:
    first = rows[0]["users"][0]
    who = "" if first == DEFAULT_SCOPE.user_id else f" --user {first}"
    return f'context-manager context "..." --explain{who}'

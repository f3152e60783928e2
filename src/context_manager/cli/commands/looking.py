"""`stats`, `list` and `show`: what is remembered. Decides what these commands answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from context_manager.cli.choosing import Kinds, Metadata, Since, Until, selection
from context_manager.cli.commands.keeping import Id
from context_manager.cli.invocation import Invocation
from context_manager.cli.listing import entry_data, entry_table, entry_view
from context_manager.cli.parameters import Option
from context_manager.cli.stored import bytes_of, each, newest, partitions
from context_manager.cli.text import date_time, harmless, size
from context_manager.records import MemoryEntry


def stats(call: Invocation) -> None:
    """Count what is remembered."""
    with call.manager() as manager:
        data = {
            **manager.get_stats(),
            "held": held(each(manager, None)),
            "users": [whose.user_id for whose in partitions(manager, manager.scope.tenant_id)],
            "store_bytes": bytes_of(call.db) if isinstance(call.db, Path) else None,
        }
    call.answer(data, lambda out: _show(out, data))


def held(entries: Iterable[MemoryEntry]) -> dict[str, Any]:
    """Entries by kind, sessions, and the span of time, JSON-ready."""
    kinds: Counter[str] = Counter()
    sessions: set[str] = set()
    first = last = None
    for entry in entries:
        kinds[entry.kind] += 1
        if entry.turn_id is not None:
            sessions.add(entry.scope.session_id)
        first = entry.timestamp if first is None else min(first, entry.timestamp)
        last = entry.timestamp if last is None else max(last, entry.timestamp)
    return {"kinds": dict(kinds), "sessions": len(sessions), "first": first, "last": last}


def _show(out: Console, data: Mapping[str, Any]) -> None:
    table = Table.grid(padding=(0, 2))
    for name, value in _rows(data):
        table.add_row(Text(name, "bright_black"), Text(harmless(value), overflow="fold"))
    out.print(table)


def _rows(data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    found, scope, config = data["held"], data["scope"], data["config"]
    taken = data["store_bytes"]
    yield "store", data["store"] if taken is None else f"{data['store']} ({size(taken)})"
    yield "users", ", ".join(data["users"]) or "none yet"
    yield "user", scope["user_id"]
    for kind, count in found["kinds"].items():
        yield f"  {kind}", f"{count:,}"
    yield "sessions", f"{found['sessions']:,}"
    if found["first"] is not None:
        yield "from", f"{date_time(found['first'])} UTC"
        yield "to", f"{date_time(found['last'])} UTC"
    yield "budget", f"{config['prompt_token_budget']:,} tokens of {config['token_model']}"
    yield "embedding", f"{config['embedding_model']} ({data['long_term_memory']['dimension']})"
    yield "summaries", "extractive" if config["llm_provider"] == "none" else config["llm_model"]


def list_(
    call: Invocation,
    limit: Annotated[int, Option("--limit", "-n", min=1, help="At most so many.")] = 20,
    kind: Kinds = None,
    since: Since = None,
    until: Until = None,
    meta: Metadata = None,
) -> None:
    """List memories, those remembered last first."""
    fitting = selection(call.given.get("session"), kind, since, until, meta)
    with call.manager() as manager:
        entries = newest(manager, fitting, limit)
    data = [entry_data(entry) for entry in entries]
    call.answer(data, lambda out: out.print(entry_table(entries, out.width)))


def show(call: Invocation, id: Id) -> None:
    """Show one memory in full: text, origin, and what it was made from."""
    with call.manager() as manager:
        entry = manager.get(id)
        sources = manager.expand(id) if entry.source_ids else []
    data = {**entry_data(entry), "sources": [entry_data(source) for source in sources]}
    call.answer(data, lambda out: out.print(entry_view(entry, sources, out.width)))

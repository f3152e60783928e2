"""Memories in rows, and as JSON. Decides layout only; it looks nothing up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from context_manager.cli.text import date_time, excerpt, harmless, speaker
from context_manager.records import Hit, MemoryEntry


def entry_data(entry: MemoryEntry) -> dict[str, Any]:
    """An entry as JSON-ready values, without its vector."""
    data = {
        name: getattr(entry, name)
        for name in MemoryEntry.__slots__
        if name not in _WRITTEN_OTHERWISE
    }
    return data | {
        "metadata": dict(entry.metadata),
        "scope": asdict(entry.scope),
        "trust": entry.trust.name.lower(),
        "source_ids": list(entry.source_ids),
    }


_WRITTEN_OTHERWISE = {"embedding", "metadata", "scope", "trust", "source_ids"}


def hit_data(hit: Hit) -> dict[str, Any]:
    """A hit as JSON-ready values."""
    return {
        "score": hit.score,
        "stages": dict(hit.stages),
        "passage": hit.passage,
        **entry_data(hit.entry),
    }


def hit_table(hits: Sequence[Hit], width: int) -> RenderableType:
    """A row per hit, best first, with the passage that matched."""
    if not hits:
        return _NOTHING
    table = _table("score")
    for hit in hits:
        table.add_row(f"{hit.score:.2f}", _what(hit.entry, hit.passage, width))
    return table


def entry_table(entries: Sequence[MemoryEntry], width: int) -> RenderableType:
    """A row per entry, in the order given."""
    if not entries:
        return _NOTHING
    table = _table("kind")
    for entry in entries:
        table.add_row(entry.kind, _what(entry, entry.text, width))
    return table


def entry_view(entry: MemoryEntry, sources: Sequence[MemoryEntry], width: int) -> Group:
    """All there is to know about one entry, its text in full."""
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(entry):
        facts.add_row(Text(name, "bright_black"), Text(harmless(str(value)), overflow="fold"))
    parts: list[RenderableType] = [facts, Text(), Text(harmless(entry.text))]
    if sources:
        parts += [Text(), Text("Made from", "bold"), entry_table(sources, width)]
    return Group(*parts)


def _facts(entry: MemoryEntry) -> Iterable[tuple[str, object]]:
    scope = entry.scope
    yield from (("id", entry.id), ("kind", entry.kind), ("said by", speaker(entry)))
    came = f"{date_time(entry.timestamp)} UTC"
    yield "when", came if entry.dated is not None else f"not known; imported {came}"
    yield "whose", f"user {scope.user_id}, session {scope.session_id}"
    yield from (("trust", entry.trust.name.lower()), ("importance", entry.importance))
    for name, value in entry.metadata.items():
        yield f"  {harmless(name)}", value
    for name in ("turn_id", "superseded_by"):
        if getattr(entry, name) is not None:
            yield name.replace("_", " "), getattr(entry, name)
    for name in ("expires_at", "valid_from", "valid_to"):
        if getattr(entry, name) is not None:
            yield name.replace("_", " "), f"{date_time(getattr(entry, name))} UTC"


_NOTHING = Text("nothing is remembered that fits", "bright_black")


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False)
    table.add_column(first, no_wrap=True)
    table.add_column("what", ratio=1, overflow="fold")
    return table


def _what(entry: MemoryEntry, text: str, width: int) -> Text:
    told = (speaker(entry), date_time(entry.dated))
    what = Text(" · ".join(harmless(part) for part in told if part), "bold")
    what.append(f"  {entry.id}", "not bold bright_black")
    return what.append(f"\n{excerpt(text, 2 * max(20, width - 14))}", "not bold")

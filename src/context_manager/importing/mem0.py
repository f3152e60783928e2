"""mem0: what ``get_all`` answers, or a list of such memories.

Decides that each memory is a note of the user it names, with the time when it was made; when it
was changed last stays in its metadata.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from context_manager.importing.foreign import moment, name_of, note, objects
from context_manager.importing.formats import DocumentFormat, Origin
from context_manager.importing.source import Place
from context_manager.importing.turn import ImportedTurn

_LISTS = ("results", "memories")
_KEPT = ("id", "updated_at", "agent_id", "run_id", "app_id")


def _listed(value: Any) -> tuple[str | None, Any]:
    """The key of the list of memories, and the list."""
    if isinstance(value, dict):
        for key in _LISTS:
            if isinstance(value.get(key), list):
                return key, value[key]
    return None, value


def _fits(value: Any) -> bool:
    _, listed = _listed(value)
    first = listed[0] if isinstance(listed, list) and listed else None
    return isinstance(first, dict) and isinstance(first.get("memory"), str) and "role" not in first


def _read(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    key, listed = _listed(value)
    for _, given in objects(listed, place.inside(key) if key else place):
        text = given.get("memory")
        if not isinstance(text, str) or not text.strip():
            origin.skip("memories without a text")
            continue
        kept = {f"mem0_{name}": given[name] for name in _KEPT if isinstance(given.get(name), str)}
        listed_under = given.get("categories")
        names = listed_under if isinstance(listed_under, list) else []
        yield note(
            text,
            origin,
            when=moment(given.get("created_at"), origin),
            whose=name_of(given.get("user_id"), ""),
            categories=[name for name in names if isinstance(name, str)][:20] or None,
            **kept,
        )
    if isinstance(value, dict) and value.get("relations"):
        origin.skip("relations of the graph", len(value["relations"]))


FORMAT = DocumentFormat("mem0", 'mem0: {"results": [{"memory", "user_id", ...}]}', _fits, _read)

"""The memory server of the Model Context Protocol: ``memory.jsonl``, a graph line by line.

Decides how a graph becomes sentences: an observation is told of its entity, a relation of both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from context_manager.importing.foreign import note
from context_manager.importing.formats import LineFormat, Origin
from context_manager.importing.source import Source, parse_json
from context_manager.importing.turn import ImportedTurn

_KINDS = ("entity", "relation")


def _fits(head: Sequence[str]) -> bool:
    return bool(head) and all(_is_line(line) for line in head)


def _is_line(line: str) -> bool:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("type") in _KINDS


def _read(source: Source, origin: Origin) -> Iterator[ImportedTurn]:
    for number, line in source.lines():
        if not line.strip():
            continue
        place = source.at(number)
        value = parse_json(line, place)
        if not isinstance(value, dict) or value.get("type") not in _KINDS:
            raise place.error('must be an object of "type" entity or relation')
        tell = _entity if value["type"] == "entity" else _relation
        told = False
        for text in tell(value):
            told = True
            yield note(text, origin, line=number)
        if not told:
            origin.skip("entities and relations that tell nothing")


def _entity(value: Mapping[str, Any]) -> Iterator[str]:
    name, kind = _word(value.get("name")), _word(value.get("entityType"))
    observations = value.get("observations")
    for given in observations if isinstance(observations, list) else []:
        # Some servers of this family keep an observation as an object with its own text.
        text = given.get("content") if isinstance(given, dict) else given
        if name and isinstance(text, str) and text.strip():
            yield f"{name} ({kind}): {text}" if kind else f"{name}: {text}"


def _relation(value: Mapping[str, Any]) -> Iterator[str]:
    words = [_word(value.get(key)) for key in ("from", "relationType", "to")]
    if all(words):
        yield " ".join([words[0], words[1].replace("_", " "), words[2]])


def _word(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


FORMAT = LineFormat(
    "mcp-memory", "memory.jsonl of the MCP memory server: entities and relations", _fits, _read
)

"""An export that somebody sends: checked line by line before anything of it is believed.

Decides what makes a body an export, and that it holds one user's memory, whole and well formed.
What becomes of it is the manager's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from context_manager.errors import ImportFormatError
from context_manager.memory.export_file import Portion, check, portions
from context_manager.memory.portable import Record
from context_manager.service.bodies import deeper_than
from context_manager.service.models.exports import ExportedEntry, ExportedTurn

DEPTH = 16
"""Deepest nesting of a record."""
MOST_HEAD = 4096
"""Bytes in which the first line of an export ends."""


def is_export(path: Path) -> bool:
    """Whether a file says that it is one."""
    with path.open("rb") as file:
        head = file.readline(MOST_HEAD)
    try:
        first = json.loads(head)
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and first.get("record") == "header"


def portion_in(path: Path) -> Portion:
    """What the file holds, all of it checked.

    Raises:
        ImportFormatError: Damaged, of several users, or a record does not fit; says which.
    """
    try:
        check(path)
        found = list(portions(path))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ImportFormatError(f"{path}: a record lacks or garbles a field") from error
    if len(found) != 1:
        raise ImportFormatError(f"{path}: it holds memory of {len(found)} users, not of one")
    (portion,) = found
    header, change = portion.header, portion.change
    if not (isinstance(header.get("at"), (int, float)) and isinstance(header.get("store"), str)):
        raise ImportFormatError(f"{path}: its header does not say when and where it was written")
    turns: list[Record] = [_checked(path, ExportedTurn, record, "turn") for record in portion.turns]
    entries: list[Record] = [
        _checked(path, ExportedEntry, record, "entry") for record in portion.entries
    ]
    said = [message for turn in turns for message in turn["messages"]]
    for what, records in (("turn", turns), ("entry", [*said, *entries])):
        if len({record["id"] for record in records}) < len(records):
            raise ImportFormatError(f"{path}: two of its records have the same {what} id")
    return Portion(header, portion.partition, change, turns, entries)


def _checked(path: Path, model: type[BaseModel], record: Any, what: str) -> dict[str, Any]:
    if deeper_than(record, DEPTH):
        raise ImportFormatError(f"{path}: a {what} is nested deeper than {DEPTH}")
    try:
        return model.model_validate(record).model_dump()
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise ImportFormatError(f"{path}: a {what} does not fit, {where}: {fault['msg']}") from None

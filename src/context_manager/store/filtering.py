"""How what is asked of entries becomes conditions of a statement, for back ends that speak SQL.

This file decides which fields of a filter become conditions, and that no value enters the text. How
a condition is written is the back end's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from context_manager.store.intake import metadata_parts
from context_manager.store.protocol import EntryFilter


class Condition(NamedTuple):
    """The SQL for one field of `EntryFilter`, and how its value is bound under the field's name."""

    sql: str
    bound: Callable[[Any], Any] = lambda value: value


def conditions(
    where: EntryFilter, table: Mapping[str, Condition], contains: str
) -> tuple[list[str], dict[str, Any]]:
    """The conditions of a filter, and the values that they name.

    Metadata are only narrowed down: whether they are equal as JSON, `intake.metadata_holds` says.

    Args:
        where: What is asked.
        table: A condition for each field, metadata apart.
        contains: SQL that finds a text in the packed metadata, the name of its value as ``{}``.
    """
    asked = {name: getattr(where, name) for name in table}
    values = {name: table[name].bound(value) for name, value in asked.items() if value is not None}
    clauses = [table[name].sql for name in values]
    for place, part in enumerate(metadata_parts(where.metadata)):
        name = f"metadata{place}"
        clauses.append(contains.format(name))
        values[name] = part
    return clauses, values

"""How options name memories: by kind, time, metadata. Decides how they are read, does nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

from context_manager.cli.parameters import Option
from context_manager.errors import InputError
from context_manager.records import KINDS, Kind

if TYPE_CHECKING:
    from context_manager.store.protocol import EntryFilter

Kinds = Annotated[
    list[str] | None,
    Option("--kind", help=f"Only these kinds: {', '.join(KINDS)}. May be repeated."),
]
Since = Annotated[str | None, Option("--since", help="Not older than, e.g. 2024-05-07.")]
Until = Annotated[str | None, Option("--until", help="Not younger than.")]
Metadata = Annotated[
    list[str] | None, Option("--meta", metavar="KEY=VALUE", help="Metadata. May be repeated.")
]


def known_kinds(names: Sequence[str] | None) -> tuple[Kind, ...] | None:
    """The kinds of these names; None for none.

    Raises:
        InputError: There is no such kind.
    """
    for name in names or ():
        if name not in KINDS:
            raise InputError(f"unknown kind {name!r}; write one of {', '.join(KINDS)}")
    return tuple(cast("Kind", name) for name in names) if names else None


def as_time(text: str) -> float:
    """Seconds since 1970 of a time on the command line.

    Raises:
        InputError: It is none.
    """
    from context_manager.importing import parse_time

    try:
        return parse_time(text)
    except ValueError as error:
        raise InputError(f"{error}; write it as 2024-05-07 or 2024-05-07T13:56 (UTC)") from error


def pairs(given: Sequence[str] | None) -> dict[str, Any]:
    """Metadata from KEY=VALUE; a value that is a JSON number, true, false or null is taken as such.

    Raises:
        InputError: There is no "=", or no key.
    """
    found = {}
    for pair in given or ():
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InputError(f"metadata must be written KEY=VALUE, got {pair!r}")
        found[key] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or isinstance(value, (bool, int, float)) else text


def selection(
    session: str | None,
    kinds: Sequence[str] | None,
    since: str | None,
    until: str | None,
    meta: Sequence[str] | None,
) -> EntryFilter | None:
    """The filter of these options; None where all are left out.

    Raises:
        InputError: One of them cannot be read.
    """
    from context_manager.store.protocol import EntryFilter

    if not any((session, kinds, since, until, meta)):
        return None
    return EntryFilter(
        kinds=known_kinds(kinds),
        session_id=session,
        since=None if since is None else as_time(since),
        until=None if until is None else as_time(until),
        metadata=pairs(meta),
    )

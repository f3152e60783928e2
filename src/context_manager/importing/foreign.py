"""What the exports of other programs have in common: times, texts and identifiers read gently.

Decides what of a value is taken and what is passed over with a reason. Their writers change their
formats without notice, so an odd value in one message costs that value or that message, never the
file; what is passed over is counted and told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from context_manager.importing.chat_message import LONGEST_NAME
from context_manager.importing.formats import Origin
from context_manager.importing.source import Place
from context_manager.importing.times import parse_time
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message
from context_manager.records.message import clean_text

MOST_TITLE = 200
"""Characters of a title that are kept."""


def moment(value: Any, origin: Origin) -> float | None:
    """A time; None where there is none, or none that can be understood."""
    if value is None or value == "":
        return None
    try:
        return parse_time(value)
    except ValueError:
        origin.skip("times that cannot be read")
        return None


def name_of(value: Any, otherwise: str) -> str:
    """An identifier, cut to what fits into a scope."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return clean_text(text)[:LONGEST_NAME] or otherwise


def title_of(value: Any) -> dict[str, str]:
    """A title as metadata."""
    if not isinstance(value, str) or not value.strip():
        return {}
    return {"title": clean_text(value)[:MOST_TITLE]}


def objects(value: Any, place: Place) -> list[tuple[Place, Mapping[str, Any]]]:
    """The objects of a list, each with its place.

    Raises:
        ImportFormatError: It is no list of objects.
    """
    if not isinstance(value, list):
        raise place.error("must be a list")
    found: list[tuple[Place, Mapping[str, Any]]] = []
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise place.inside(index).error("must be an object")
        found.append((place.inside(index), item))
    return found


def note(
    text: str, origin: Origin, *, when: float | None = None, whose: str = "", **metadata: Any
) -> ImportedTurn:
    """A memory that nobody said, as it comes out of a file.

    Args:
        text: What is remembered.
        origin: The file's origin.
        when: Its time, if any.
        whose: Whose memory it is, where the file says so.
        metadata: Plain values to keep with it.
    """
    kept = {key: value for key, value in metadata.items() if value not in (None, "")}
    message = Message("user", text, None, when, kept)
    return ImportedTurn(origin.session_id, (message,), when, origin.metadata, whose, note=True)

"""Values that do not fit, told by where they stand and what is wrong, and never quoted.

This file decides those words, and which fields an operator's limits bound, which may be narrower
than the schema's. HTTP and MCP tell the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from context_manager.service.models.fields import size
from context_manager.service.settings import Limits

if TYPE_CHECKING:
    from pydantic import ValidationError

TOLD = 20
"""Faults of one request that are told; whoever sends more learns nothing from the rest."""
_LIMITED = {
    "k": "k",
    "budget": "budget",
    "text": "text_chars",
    "message": "input_chars",
    "input": "input_chars",
    "query": "input_chars",
    "ids": "batch",
    "memory_ids": "batch",
    "messages": "batch",
}
"""Fields that an operator may bound, and the limit that bounds them."""

Fault = dict[str, str]


def of_schema(error: ValidationError, where: str) -> list[Fault]:
    """What the schema refuses.

    Args:
        error: What the schema said.
        where: Where the values stand, as "body".
    """
    told = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        {
            "where": ".".join([where, *map(str, fault["loc"])]),
            "what": fault["msg"].removeprefix("Value error, "),
        }
        for fault in told[:TOLD]
    ]


def of_limits(values: Mapping[str, Any], limits: Limits, where: str) -> list[Fault]:
    """What is beyond the operator's limits.

    Args:
        values: By the names of their fields; they fit the schema.
        limits: The limits.
        where: Where the values stand, as "body".
    """
    faults = [*_fields(values, limits, where), *_messages(values, limits, where)]
    metadata = values.get("metadata")
    if metadata and size(metadata) > limits.metadata_bytes:
        what = f"is larger than {limits.metadata_bytes} bytes"
        faults.append({"where": f"{where}.metadata", "what": what})
    return faults[:TOLD]


def _fields(values: Mapping[str, Any], limits: Limits, where: str) -> Iterator[Fault]:
    for name, limit in _LIMITED.items():
        value, most = values.get(name), getattr(limits, limit)
        amount = len(value) if isinstance(value, (str, list)) else value
        if amount is not None and amount > most:
            yield {"where": f"{where}.{name}", "what": f"is more than {most}"}


def _messages(values: Mapping[str, Any], limits: Limits, where: str) -> Iterator[Fault]:
    for place, message in enumerate(values.get("messages", ())):
        if len(message.content) > limits.text_chars:
            what = f"is longer than {limits.text_chars} characters"
            yield {"where": f"{where}.messages.{place}.content", "what": what}

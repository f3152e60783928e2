"""The kinds of values that requests hold: texts, identifiers, numbers, metadata.

This file decides what a value may be and how its schema says so. Ranges that an operator may set
are checked where the settings are known; the ones here are the widest.
"""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from context_manager.records.message import clean_text

LATEST = 253_402_300_799.0
"""The last second of the year 9999."""
MAX_ID = 256
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_INTEGER = re.compile(r"-?[0-9]{1,18}\Z")


class Body(BaseModel):
    """Base of what is sent as JSON: nothing is converted, nothing unknown is taken."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class Query(BaseModel):
    """Base of what stands in a query string: every value comes as text."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class Told(BaseModel):
    """Base of what is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _cleaned(value: object) -> object:
    return clean_text(value) if isinstance(value, str) else value


def _spoken(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold more than white space")
    return text


def _identifier(text: object) -> object:
    if isinstance(text, str) and _CONTROL.search(text):
        raise ValueError("must not hold control characters")
    return text


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _digits(value: object) -> object:
    if isinstance(value, str) and not _INTEGER.match(value):
        raise ValueError("must be a whole number")
    return value


def _number(value: object) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _flat(metadata: object) -> object:
    """Metadata with its texts cleaned, if it is not nested too deep."""
    return _cleaned_tree(metadata) if isinstance(metadata, dict) else metadata


def _cleaned_tree(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): _cleaned_tree(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned_tree(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must hold finite numbers only")
    return value


def size(metadata: dict[str, Any]) -> int:
    """Bytes of metadata written as JSON, all that is not ASCII escaped."""
    return len(json.dumps(metadata))


# What narrows the schema stands before the validators: behind one, a schema does not tell of it.
CLEANED = BeforeValidator(_cleaned)
"""Makes any text one that can be kept: NUL and lone surrogates become U+FFFD."""
SPOKEN = AfterValidator(_spoken)
"""Refuses a text of white space only; goes with `NOT_BLANK`."""
NOT_BLANK = {"pattern": r"\S"}
WHOLE = BeforeValidator(_whole)
"""Takes 5.0 for 5: JSON knows no difference."""
DIGITS = BeforeValidator(_digits)
"""Takes a whole number that is written in plain digits."""
NUMBER = BeforeValidator(_number)

Identifier = Annotated[
    str,
    Field(
        min_length=1, max_length=MAX_ID, json_schema_extra={"pattern": r"^[^\u0000-\u001f\u007f]+$"}
    ),
    BeforeValidator(_identifier),
]
"""A name of a user, a session or an entry."""
Moment = Annotated[float, Field(ge=0, le=LATEST), NUMBER]
"""Seconds since 1970 (UTC)."""
Share = Annotated[float, Field(ge=0, le=1), NUMBER]
Metadata = Annotated[dict[str, Any], BeforeValidator(_flat)]

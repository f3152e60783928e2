"""The many ways in which chats write a time. Decides how each is read; knows no file and no clock.

A time without a zone is taken as UTC, so that the same file gives the same times everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

_MONTHS = {
    month: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sep", "sept"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for month in names
}

_SPOKEN = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d) *(?P<half>[ap])\.?m\.? +on +"
    r"(?P<day>\d{1,2}) +(?P<month>[a-z]+),? +(?P<year>\d{4})",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    r"(?P<month>[a-z]+)[ -](?P<day>\d{1,2})(?:, *|[ -])(?P<year>\d{4})", re.IGNORECASE
)

# Whole seconds of the year 5138; a larger number counts milliseconds, microseconds, nanoseconds.
_LARGEST_SECONDS = 1e11
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
_FIRST = datetime(1, 1, 2, tzinfo=UTC).timestamp()


def parse_time(value: object) -> float:
    """Seconds since 1970 (UTC) of a number or of a time written as text.

    Args:
        value: Seconds, milliseconds, microseconds or nanoseconds since 1970 (told apart by their
            size); ISO 8601; "1:56 pm on 8 May, 2023"; "March-15-2024" or "March 15, 2024".

    Raises:
        ValueError: It is none of these, or lies outside the years 1 to 9999.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"{value!r} is not a time")  # noqa: TRY004 - one kind for the caller
    seconds = _of_text(value.strip()) if isinstance(value, str) else _of_number(value)
    if not _FIRST <= seconds <= _LAST:
        raise ValueError(f"{value!r} lies outside the years 1 to 9999")
    return seconds


def _of_number(value: float) -> float:
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise ValueError(f"{value!r:.40} is not a time")
    while abs(seconds) > _LARGEST_SECONDS:
        seconds /= 1000
    return seconds


def _of_text(text: str) -> float:
    for read in _READERS:
        seconds = read(text)
        if seconds is not None:
            return seconds
    raise ValueError(f"{text!r} is not a time")


def _numeric(text: str) -> float | None:
    # Eight digits are a date in ISO 8601; a count of seconds has nine or more.
    if re.fullmatch(r"-?\d{9,20}(\.\d+)?", text):
        return _of_number(float(text))
    return None


def _iso(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _seconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _spoken(text: str) -> float | None:
    found = _SPOKEN.fullmatch(text)
    if not found or not 1 <= int(found["hour"]) <= 12:
        return None
    hour = int(found["hour"]) % 12 + (12 if found["half"].lower() == "p" else 0)
    return _calendar(found["year"], found["month"], found["day"], hour, int(found["minute"]))


def _month_first(text: str) -> float | None:
    found = _MONTH_FIRST.fullmatch(text)
    return _calendar(found["year"], found["month"], found["day"], 0, 0) if found else None


def _calendar(year: str, month: str, day: str, hour: int, minute: int) -> float | None:
    number = _MONTHS.get(month.lower())
    if number is None:
        return None
    try:
        return _seconds(datetime(int(year), number, int(day), hour, minute, tzinfo=UTC))
    except ValueError:
        return None


def _seconds(moment: datetime) -> float:
    try:
        return moment.timestamp()
    except (OverflowError, ValueError):
        return math.inf


_READERS: tuple[Callable[[str], float | None], ...] = (_numeric, _iso, _spoken, _month_first)

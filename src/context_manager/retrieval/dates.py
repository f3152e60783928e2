"""Decides which days a question names, and how near to them something was said.

A day may be named by the calendar ("7 May", "in June 2023", "2024-03-01") or seen from the present
("yesterday", "two weeks ago"). A date without a year is that day of every year. What is said about
a day is mostly said on it or soon after; the words of a date alone do not find the day next to it.
Must not know about words, vectors or scores.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

DAY: Final = 86_400.0
YEAR: Final = 365.2425 * DAY
_ANY_YEAR: Final = 2000

_NAMES: Final = (
    ("january", "januar", "janvier", "enero"),
    ("february", "februar", "f\u00e9vrier", "febrero"),
    ("march", "m\u00e4rz", "mars", "marzo"),
    ("april", "avril", "abril"),
    ("may", "mai", "mayo"),
    ("june", "juni", "juin", "junio"),
    ("july", "juli", "juillet", "julio"),
    ("august", "ao\u00fbt", "agosto"),
    ("september", "septembre", "septiembre"),
    ("october", "oktober", "octobre", "octubre"),
    ("november", "novembre", "noviembre"),
    ("december", "dezember", "d\u00e9cembre", "diciembre"),
)
_MONTHS: Final = {name: number for number, names in enumerate(_NAMES, 1) for name in names}
_AMBIGUOUS: Final = frozenset({"may", "march", "mars", "mai"})
"""Words of another meaning too: a month only with a capital letter or a number beside them."""

_CALENDAR: Final = re.compile(
    r"(?:\b(?P<before>\d{1,2})(?:st|nd|rd|th|er|\.)?(?: of| de)? )?"
    rf"\b(?P<month>{'|'.join(_MONTHS)})\b"
    r"(?: (?P<after>\d{1,2})(?:st|nd|rd|th)?\b)?(?:(?:,| of| de)? ?(?P<year>(?:19|20)\d\d)\b)?",
    re.IGNORECASE,
)
_ISO: Final = re.compile(r"\b(?P<year>(?:19|20)\d\d)-(?P<month>[01]\d)(?:-(?P<after>[0-3]\d))?\b")
_COUNTS: Final = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_SPANS: Final = {"day": 1.0, "week": 7.0, "month": 30.4, "year": 365.2}
_AGO: Final = re.compile(
    rf"\b(?P<count>\d{{1,3}}|{'|'.join(_COUNTS)}) (?P<span>{'|'.join(_SPANS)})s? ago\b"
    rf"|\blast (?P<last>{'|'.join(_SPANS)})\b|\b(?P<yesterday>yesterday|last night)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day or month that a question names.

    Attributes:
        middle: seconds since 1970.
        width: seconds; what was said so long before or after counts a third.
        yearly: whether any year is meant.
    """

    middle: float
    width: float
    yearly: bool = False


def moments(question: str, now: float) -> tuple[Moment, ...]:
    """Return the days and months that a question names.

    Args:
        question: what is asked.
        now: the present, seconds since 1970.
    """
    return (*_by_calendar(question), *_from_now(question, now))


def nearness(times: NDArray[np.float64], named: tuple[Moment, ...]) -> NDArray[np.float32]:
    """Return for each time how near it is to the nearest of the days named, in [0, 1].

    Args:
        times: seconds since 1970, NaN where unknown.
        named: the days; none of them makes all values 0.
    """
    best = np.zeros(len(times), dtype=np.float32)
    for moment in named:
        away = np.abs(times - moment.middle)
        if moment.yearly:
            away = np.mod(away, YEAR)
            away = np.minimum(away, YEAR - away)
        near = np.exp(-np.square(np.nan_to_num(away, nan=np.inf) / moment.width))
        best = np.maximum(best, near.astype(np.float32))
    return best


def _by_calendar(question: str) -> Iterator[Moment]:
    for match in (*_CALENDAR.finditer(question), *_ISO.finditer(question)):
        part = match.groupdict()
        name = part["month"]
        numbered = part.get("before") or part["after"] or part["year"]
        if name.casefold() in _AMBIGUOUS and not numbered and not name[0].isupper():
            continue
        day = part.get("before") or part["after"]
        month = int(name) if name.isdigit() else _MONTHS[name.casefold()]
        try:
            middle = datetime(int(part["year"] or _ANY_YEAR), month, int(day or 15), 12, tzinfo=UTC)
        except ValueError:
            continue
        width = 5 * DAY if day else 15 * DAY
        yield Moment(middle.timestamp(), width, yearly=not part["year"])


def _from_now(question: str, now: float) -> Iterator[Moment]:
    for match in _AGO.finditer(question):
        if match["yesterday"]:
            days, span = 1.0, 1.0
        else:
            span = _SPANS[(match["span"] or match["last"]).casefold()]
            count = (match["count"] or "one").casefold()
            days = span * (_COUNTS.get(count) or int(count))
        yield Moment(now - days * DAY, max(span / 2, days / 5, 1.0) * DAY)

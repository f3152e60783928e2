"""Decides which marks a text carries and which marks a question asks for.

A question that begins with "when" is answered by messages that speak of time; "how many" by
messages that hold a number; a request is served by standing wishes ("Always show versions when
I ask about libraries"). Texts are marked once, when indexed, by terms of a kind of their own;
questions are read when asked. A language missing from the tables only goes without the cue.
Must not know about scores.
"""

import re
from dataclasses import dataclass
from itertools import compress
from typing import Final

TIME: Final = "f:time"
NUMBER: Final = "f:number"
STANDING: Final = "f:standing"
MARKS: Final = (TIME, NUMBER, STANDING)

_HEAD: Final = 400
"""Characters of a text that are read for a standing wish: it is said at the start or not at all."""

_WORDS_OF_TIME: Final = (
    "yesterday today tonight tomorrow last next ago week weeks weekend month months year years "
    "recently since monday tuesday wednesday thursday friday saturday sunday "
    "january february march april may june july august september october november december "
    "gestern heute morgen letzte letzten letzter letztes n\u00e4chste n\u00e4chsten n\u00e4chster "
    "n\u00e4chstes woche monat jahr hier demain semaine mois ann\u00e9e ayer ma\u00f1ana semana "
    "mes a\u00f1o"
)
_WORDS_OF_NUMBER: Final = (
    "one two three four five six seven eight nine ten twice once couple few dozen "
    "zwei drei vier f\u00fcnf deux trois quatre cinq dos tres cuatro cinco"
)
_WORDS_OF_WISHES: Final = (
    "always never now whenever remember prefer when rather immer nie niemals jetzt bevorzuge "
    "toujours jamais siempre nunca prefiero"
)
_TIME_WORDS: Final = frozenset(_WORDS_OF_TIME.split())
_NUMBER_WORDS: Final = frozenset(_WORDS_OF_NUMBER.split())
_WISH_WORDS: Final = frozenset(_WORDS_OF_WISHES.split())
"""One of these is a word of every ASCII text that holds a standing wish."""
_DATE: Final = r"(?:19|20)\d\d|\d{1,2}[./]\d{1,2}"
_DATE_SAID: Final = re.compile(rf"\b(?:{_DATE})\b")
_TIME_SAID: Final = re.compile(
    rf"\b(?:{'|'.join(sorted(_TIME_WORDS))}|{_DATE})\b"
    r"|\u6628\u5929|\u4eca\u5929|\u660e\u5929|\u6628\u65e5|\u4eca\u65e5|\u660e\u65e5|[\u5e74\u6708\u9031\u5468]",
    re.IGNORECASE,
)
_NUMBER_SAID: Final = re.compile(rf"\d|\b(?:{'|'.join(sorted(_NUMBER_WORDS))})\b", re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_WORD: Final = re.compile(r"\w+")
_STANDING_SAID: Final = re.compile(
    r"^\s*(?:please )?(?:always|never|from now on|whenever|remember (?:to|that))\b"
    r"|\bi (?:really |always |usually |generally )?(?:prefer|like it when|would rather|always"
    r"|never|hate it when)\b|\bi'd rather\b"
    r"|^\s*(?:bitte )?(?:immer|nie|niemals|ab jetzt)\b|\bich bevorzuge\b"
    r"|^\s*(?:toujours|jamais|siempre|nunca)\b|\bje pr\u00e9f\u00e8re\b|\bprefiero\b",
    re.IGNORECASE,
)
_TIME_ASKED: Final = re.compile(
    r"^\s*when\b|\bwhat (?:date|day|month|year|time)\b|\bwhich (?:month|year|day|week)\b"
    r"|\bhow long\b|\bhow many (?:days|weeks|months|years)\b|\bdate\b|\bdeadline\b"
    r"|\bwann\b|\bwie lange\b|\bquand\b|\bcombien de temps\b|\bcu\u00e1ndo\b"
    r"|\u4ec0\u4e48\u65f6\u5019|\u4ec0\u9ebc\u6642\u5019|\u3044\u3064",
    re.IGNORECASE,
)
_NUMBER_ASKED: Final = re.compile(
    r"\bhow (?:many|much|old|long|often|far)\b|\bnumber of\b|\bpercentage\b|\bamount\b"
    r"|\bwie ?viele?\b|\bcombien\b|\bcu\u00e1nt[oa]s?\b|\u591a\u5c11|\u3044\u304f\u3064",
    re.IGNORECASE,
)
_ASSISTANT_ASKED: Final = re.compile(
    r"\b(?:did|have|had|were|what|which) you\b|\bas you\b"
    r"|\byou(?:'ve|'d| had| have)? (?:said|told|gave|given|made|wrote|listed|proposed|provided"
    r"|recommend|suggest|advise|explain|mention|describe|show)"
    r"|\byour (?:\w+ )?(?:advice|answer|explanation|idea|list|plan|proposal|recommend|suggest)"
    r"|\b(?:hast|hattest) du\b|\bdein\w{0,2} (?:rat|vorschlag|antwort)\b"
    r"|\bas-tu\b|\bavez-vous\b|\bme (?:dijiste|recomendaste|sugeriste)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What kind of answer a question wants.

    Attributes:
        time: a date or duration.
        number: a count or amount.
        assistant: what the assistant said.
    """

    time: bool
    number: bool
    assistant: bool


def asked(question: str) -> Asked:
    """Return what kind of answer a question wants."""
    return Asked(
        time=_TIME_ASKED.search(question) is not None,
        number=_NUMBER_ASKED.search(question) is not None,
        assistant=_ASSISTANT_ASKED.search(question) is not None,
    )


def marks(text: str) -> tuple[str, ...]:
    """Return the terms that mark what kind of answer a text may hold."""
    found = _marks_of_ascii(text.lower()) if text.isascii() else _marks_of_any(text)
    return tuple(compress(MARKS, found))


def _marks_of_any(text: str) -> tuple[bool, ...]:
    searched = (_TIME_SAID.search(text), _NUMBER_SAID.search(text), _standing(text))
    return tuple(found is not None for found in searched)


def _marks_of_ascii(lowered: str) -> tuple[bool, ...]:
    """The same, found by whole words: a fifth of the time."""
    words = {*_WORD.findall(lowered)}
    digit = _DIGIT.search(lowered) is not None
    time = not words.isdisjoint(_TIME_WORDS) or (digit and _DATE_SAID.search(lowered) is not None)
    number = digit or not words.isdisjoint(_NUMBER_WORDS)
    wish = not words.isdisjoint(_WISH_WORDS) and _standing(lowered) is not None
    return time, number, wish


def _standing(text: str) -> re.Match[str] | None:
    return _STANDING_SAID.search(text[:_HEAD])

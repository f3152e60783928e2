"""Decides which marks a text carries and which marks a question asks for.

A question that begins with "when" is answered by messages that speak of time; "how many" by
messages that hold a number; a request is served by standing wishes ("Always show versions when
I ask about libraries"). Texts are marked once, when indexed, by terms of a kind of their own;
questions are read when asked. A language missing from the tables only goes without the cue.
Must not know about scores.
"""

import re
from dataclasses import dataclass
from typing import Final

TIME: Final = "f:time"
NUMBER: Final = "f:number"
STANDING: Final = "f:standing"
MARKS: Final = (TIME, NUMBER, STANDING)

_HEAD: Final = 400
"""Characters of a text that are read for a standing wish: it is said at the start or not at all."""

_TIME_SAID: Final = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|last|next|ago|weeks?|weekend|months?|years?|recently"
    r"|since|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|gestern|heute|morgen|letzte[nrs]?|n\u00e4chste[nrs]?|woche|monat|jahr"
    r"|hier|demain|semaine|mois|ann\u00e9e|ayer|ma\u00f1ana|semana|mes|a\u00f1o"
    r"|(?:19|20)\d\d|\d{1,2}[./]\d{1,2})\b"
    r"|\u6628\u5929|\u4eca\u5929|\u660e\u5929|\u6628\u65e5|\u4eca\u65e5|\u660e\u65e5|[\u5e74\u6708\u9031\u5468]",
    re.IGNORECASE,
)
_NUMBER_SAID: Final = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twice|once|couple|few|dozen"
    r"|zwei|drei|vier|f\u00fcnf|deux|trois|quatre|cinq|dos|tres|cuatro|cinco)\b",
    re.IGNORECASE,
)
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
    found = (
        (TIME, _TIME_SAID.search(text)),
        (NUMBER, _NUMBER_SAID.search(text)),
        (STANDING, _STANDING_SAID.search(text[:_HEAD])),
    )
    return tuple(term for term, match in found if match)

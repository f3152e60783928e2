"""What a speaker takes back or corrects right after saying it.

This file decides what "that" means: the speaker's last fact. Pure.
"""

from __future__ import annotations

import re
from dataclasses import replace

from context_manager.memory.facts.fact import Fact
from context_manager.memory.facts.words import first_name, proper, thing

_OPENING = r"(?:(?:no|oh|oops|sorry|wait|actually|hold on|my mistake|my bad|hmm)\b[,.! ]*)*"
_WRONG = r"that(?:'s|\u2019s| is| was) (?:wrong|not true|not right|a mistake|a lie)"
_SAID = r"forget (?:that|i said that|what i (?:just )?said)"
_BACK = re.compile(
    rf"{_OPENING}(?:scratch that|never ?mind that|{_SAID}|i take (?:that|it) back|{_WRONG}|"
    r"i was (?:only )?(?:wrong|lying)(?: about that)?)\s*[.!]*$",
    re.IGNORECASE,
)
_MEANT = re.compile(rf"{_OPENING}(?:I|i) meant(?: to say)? (?P<v>.+)", re.IGNORECASE)


def second_thought(sentence: str, last: Fact, at: float, sources: tuple[str, ...]) -> Fact | None:
    """What a sentence does to the speaker's last fact, None if nothing.

    Returns:
        The fact denied, or the same statement with another value.
    """
    if _BACK.match(sentence):
        text = f"No longer said: {last.text}"
        return replace(last, text=text, said_at=at, source_ids=sources, negated=True)
    meant = _MEANT.match(sentence)
    if meant is None or not last.value or last.value not in last.text:
        return None
    value = first_name(meant["v"]) or proper(meant["v"]) or thing(meant["v"])
    if not value:
        return None
    text = last.text.replace(last.value, value)
    return replace(last, value=value, text=text, said_at=at, source_ids=sources)

"""What people say of what is theirs: "my favourite tea is oolong", "my sister lives in Porto".

This file decides which possessions count (those in the lexicon) and what their values look like.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from context_manager.memory.facts import words
from context_manager.memory.facts.fact import EACH, Fact, folded, whose

_IS = r"(?:'s|\u2019s| is| are)"
_FAVOURITE = re.compile(
    r"(?:My|my|Our|our) (?:new |current |all[- ]time |absolute )*"
    r"(?P<s>favou?rite (?!(?:one|part|thing|way|bit|moment)\b)[\w ]{2,30}?)"
    rf"(?:{_IS}| has always been| has to be)"
    r"(?: now| still| definitely| probably)* (?P<v>.+)"
)
_MINE = re.compile(
    r"(?:My|my|Our|our) (?:new |current |next |older |younger |little |big |best |work |home |"
    r"e-?mail |phone |wedding |shoe )*(?P<s>[a-z]+)(?P<n>(?:'s|\u2019s) name)?"
    rf"(?:{_IS}| has| was| got| will be)(?: now| been| actually| called| named| on| at| moved|"
    r" changed| rescheduled| postponed| pushed| brought| set| due| scheduled| back| forward| for|"
    r" to)* (?P<v>.+)"
)
_THEIRS = re.compile(
    r"(?:My|my|Our|our) (?P<s>(?:older |younger |little |big |best )?[a-z]+),?"
    r"(?: (?P<n>[A-Z][a-z]+),?)? (?:(?:now|currently|just|recently|has|have) )*"
    r"(?:(?P<home>lives in|moved to|is living in)|(?P<employer>(?:works|is working) (?:at|for))"
    r"|(?P<job>works as|is working as|is now|is|became)) (?P<v>.+)"
)
_PERSON = re.compile(
    r"\b[Mm]y (?P<s>(?:[a-z]+ ){0,2}?(?P<r>[a-z-]+)),? "
    r"(?P<v>[A-Z][a-z]+(?: [A-Z][a-z]+)?)(?!['\u2019\w-])"
)
_OF_RELATIVES = {
    "home": ("{who} lives in {v}.", words.proper),
    "employer": ("{who} works at {v}.", words.proper),
    "job": ("{who} works as {v}.", words.trade),
}


def read_possession(clause: str, who: str, at: float, sources: tuple[str, ...]) -> Fact | None:
    """The fact about a possession or a relative that a clause states, None if it states none."""
    match = _FAVOURITE.match(clause)
    if match:
        value = words.thing(match["v"])
        about = folded(match["s"]).replace("favorite", "favourite")
        return _owned(who, about, value, at, sources)
    match = _THEIRS.match(clause)
    if match and match["s"].rpartition(" ")[2] in words.lexicon("people"):
        fact = _of_relative(match, who, at, sources)
        if fact is not None:
            return fact
    match = _MINE.match(clause)
    if match is None:
        return None
    owned = match["s"]
    about = f"{owned}'s name" if owned in words.lexicon("named") else owned
    return _owned(who, about, _value(owned, match["v"], named=bool(match["n"])), at, sources)


def read_people(sentence: str, who: str, at: float, sources: tuple[str, ...]) -> Iterator[Fact]:
    """The people whom a sentence names in passing ("my advisor, Danielle"), a question too."""
    for match in _PERSON.finditer(sentence):
        relation = match["r"]
        role = " ".join(word for word in match["s"].split() if word not in words.lexicon("filler"))
        name = words.first_name(match["v"])
        if name and relation in words.lexicon("one_of_each"):
            text = f"{whose(who)} {role} is {name}."
            yield Fact(who, f"{role}'s name", name, text, at, sources, 0.85)
        elif name and relation in words.lexicon("several"):
            text = f"{name} is {whose(who, inside=True)} {role}."
            yield Fact(who, f"{EACH}{relation}", name, text, at, sources, 0.85)


def _value(owned: str, raw: str, *, named: bool) -> str:
    if owned in words.lexicon("named"):
        return words.first_name(raw)
    if named:
        return ""
    if owned in words.lexicon("dated"):
        return words.moment(raw)
    return words.thing(raw) if owned in words.lexicon("stated") else ""


def _owned(who: str, about: str, value: str, at: float, sources: tuple[str, ...]) -> Fact | None:
    if not value:
        return None
    return Fact(who, about, value, f"{whose(who)} {about} is {value}.", at, sources, 0.85)


def _of_relative(
    match: re.Match[str], who: str, at: float, sources: tuple[str, ...]
) -> Fact | None:
    relative = f"{whose(who)} {match['s']}"
    for slot, (text, shape) in _OF_RELATIVES.items():
        value = shape(match["v"]) if match[slot] else ""
        if value:
            said = text.format(who=relative, v=value)
            return Fact(relative, slot, value, said, at, sources, 0.8)
    return None

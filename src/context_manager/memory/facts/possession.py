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
_IS_FAVOURITE = re.compile(
    rf"(?P<v>[^,;:]{{2,60}}?)(?:{_IS}| has become| became)"
    r"(?: now| still| definitely| probably)* (?:my|our) (?:new |current |all[- ]time |absolute )*"
    r"(?P<s>favou?rite (?!(?:one|part|thing|way|bit|moment)\b)[\w ]{2,40})"
)
_OWNED = (
    r"(?P<s>(?:[a-z]+ ){0,2}?(?P<h>[a-z]+)(?:(?:'s|\u2019s) name)?"
    r"(?: (?:for|of) (?:the |my |our )?[\w ]{2,30}?)?)"
)
_MINE = re.compile(
    rf"(?P<o>My|my|Our|our|The|the) (?:new |current |next ){{0,2}}{_OWNED}"
    rf"(?:{_IS}| has| was| got| will be)(?: now| been| actually| called| named| on| at| moved|"
    r" changed| rescheduled| postponed| pushed| brought| set| due| scheduled| back| forward| for|"
    r" to)* (?P<v>.+)"
)
_SHIFTED = re.compile(
    rf"[A-Z][\w ]{{0,30}}? (?:rescheduled|moved|postponed|pushed|changed|shifted|brought) "
    rf"(?P<o>my|our|the) {_OWNED}(?: back| forward| up)? (?:to|until|till) (?P<v>.+)"
)
_THEIRS = re.compile(
    r"(?:My|my|Our|our) (?P<s>(?:older |younger |little |big |best )?[a-z]+),?"
    r"(?: (?P<n>[A-Z][a-z]+),?)? (?:(?:now|currently|just|recently|has|have) )*"
    r"(?:(?P<home>lives? in|moved to|(?:is|are) living in)"
    r"|(?P<employer>(?:works?|(?:is|are) working) (?:at|for))"
    r"|(?P<job>works? as|is working as|is now|is|became)"
    r"|(?P<age>turned|has turned|just turned)) (?P<v>.+)"
)
_AGED = re.compile(r"(\d{1,3})(?: years? old\b| now\b|[.!]?$)")
_ROLE = re.compile(
    r"(?P<n>[A-Z][a-z]+) (?:is|was made|became|has become) (?:now )?(?:my|our) (?:new )?(?P<v>.+)"
)
_THEIR_FAVOURITE = re.compile(
    r"(?:My|my|Our|our) (?P<p>(?:older |younger |little |big )?[a-z]+)(?:'s|\u2019s) "
    r"(?P<s>favou?rite (?!(?:one|part|thing|way|bit|moment)\b)[\w ]{2,30}?)"
    rf"{_IS}(?: now| still| definitely| probably)* (?P<v>.+)"
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
    for read in (_read_favourite, _read_relative, _read_role, _read_mine):
        fact = read(clause, who, at, sources)
        if fact is not None:
            return fact
    return None


def _read_favourite(clause: str, who: str, at: float, sources: tuple[str, ...]) -> Fact | None:
    theirs = _THEIR_FAVOURITE.match(clause)
    if theirs and theirs["p"].rpartition(" ")[2] in words.lexicon("people"):
        who = f"{whose(who)} {theirs['p']}"
        return _owned(who, _favourite(theirs["s"]), words.thing(theirs["v"]), at, sources)
    match = _FAVOURITE.match(clause)
    if match:
        return _owned(who, _favourite(match["s"]), words.thing(match["v"]), at, sources)
    match = _IS_FAVOURITE.match(clause)
    if match is None:
        return None
    return _owned(who, _favourite(words.phrase(match["s"])), words.thing(match["v"]), at, sources)


def _favourite(text: str) -> str:
    return folded(text).replace("favorite", "favourite")


def _read_relative(clause: str, who: str, at: float, sources: tuple[str, ...]) -> Fact | None:
    match = _THEIRS.match(clause)
    if match and match["s"].rpartition(" ")[2] in words.lexicon("people"):
        return _of_relative(match, who, at, sources)
    return None


def _read_role(clause: str, who: str, at: float, sources: tuple[str, ...]) -> Fact | None:
    match = _ROLE.match(clause)
    role = words.trade(match["v"]) if match else ""
    name = words.first_name(match["n"]) if match else ""
    if not (role and name):
        return None
    text = f"{name} is {whose(who, inside=True)} {role}."
    return Fact(name, "role", role, text, at, sources, 0.85)


def _read_mine(clause: str, who: str, at: float, sources: tuple[str, ...]) -> Fact | None:
    match = _MINE.match(clause) or _SHIFTED.match(clause)
    if match is None:
        return None
    owned, head = match["s"], match["h"]
    named = owned.endswith(("'s name", "\u2019s name"))
    if match["o"].lower() == "the" and not re.search(r" (?:for|of) ", owned):
        return None  # of what, or whose, nobody says
    before = owned.partition(f" {head}")[0] if owned != head else ""
    if head in words.lexicon("qualified") and not {*before.split()} & words.lexicon("qualifiers"):
        return None
    about = f"{head}'s name" if head in words.lexicon("named") else owned
    return _owned(who, about, _value(head, match["v"], named=named), at, sources)


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
    return next(
        (shape(raw) for name, shape in _SHAPES if owned in words.lexicon(name)),
        "",
    )


def _stated(raw: str) -> str:
    """A number, or a thing that is no mere quality."""
    shapes = (words.address, words.figure, words.street, words.proper, words.thing)
    return next((value for shape in shapes if (value := shape(raw))), "")


_SHAPES = (
    ("dated", words.moment),
    ("branded", words.branded),
    ("aims", words.aim),
    ("qualified", lambda raw: words.figure(raw) or words.proper(raw)),
    ("stated", _stated),
)


def _owned(who: str, about: str, value: str, at: float, sources: tuple[str, ...]) -> Fact | None:
    if not value:
        return None
    return Fact(who, about, value, f"{whose(who)} {about} is {value}.", at, sources, 0.85)


def _of_relative(
    match: re.Match[str], who: str, at: float, sources: tuple[str, ...]
) -> Fact | None:
    relative = f"{whose(who)} {match['s']}"
    aged = _AGED.match(match["v"])
    if aged and (match["age"] or match["job"] in ("is", "is now")):
        text = f"{relative} is {aged[1]} years old."
        return Fact(relative, "age", aged[1], text, at, sources, 0.85)
    for slot, (text, shape) in _OF_RELATIVES.items():
        value = shape(match["v"]) if match[slot] else ""
        if value:
            said = text.format(who=relative, v=value)
            return Fact(relative, slot, value, said, at, sources, 0.8)
    return None

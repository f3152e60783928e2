"""The shapes that a value may have: what is cut off it, and what it must look like to count.

This file decides where a captured text ends and whether it is a place, a trade, a thing. What fits
no shape is no value: better to miss a fact than to invent one or to tell half of it. Pure.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

MOST_WORDS = 8

_TITLES = "".join(rf"(?<!\b{title})" for title in ("Dr", "Mr", "Ms", "Mrs", "St", "Prof"))
_STOP = re.compile(
    rf"{_TITLES}\.(?=\s|$)|[!?;:()\[\]\"\u201c\u201d\n\u2026]|\s[-\u2013\u2014]+\s|"
    r",?\s(?:but|because|cos|cuz|cause|since|so|although|though|while|which|who|whose|where|when|whenever|until|"
    r"after|before|without|as|if|that|than|thanks|to be|instead|due to|not)\b",
    re.IGNORECASE,
)
_RESTRICTED = re.compile(r"\s(?:that|which|who|whose|when|where|as|than)\b", re.IGNORECASE)
_TIME_TAIL = re.compile(
    r"(?<!\s)\s++(?:(?:just |only )?(?:now|today|yesterday|recently|lately|currently|again|too|"
    r"either|"
    r"already|finally|anymore|any more|as well|at the moment|these days|nowadays|right now|"
    r"full[- ]time|part[- ]time|permanently|myself|a lot|so much|very much|the most|though|then|"
    r"at all|here|there|lol|haha|tho|better|more|just fine|quite a (?:bit|lot)|so far|too much)|"
    r"(?:last|this|next|every|each) \w+|(?:in|on|since|from|back in|as of) (?:the )?"
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|spring|summer|autumn|fall|winter|"
    r"early|late|mid|\d).*|"
    r"(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|\d+|a few|a couple of|some|several)"
    r" (?:days?|weeks?|months?|years?|hours?) ago)$",
    re.IGNORECASE,
)
_LIST = re.compile(r"[^,]{2,24}(?:, [^,]{2,24})*,? (?:and|or|&) [^,]{2,24}")
_NAME_WORD = r"[A-Z\u00c0-\u00de][\w'\u2019.&-]*"
_PROPER = re.compile(
    rf"(?:the )?(?:(?:Dr|Mr|Ms|Mrs|St|Prof)\. )?{_NAME_WORD}"
    rf"(?:(?:,? (?:(?:of|the|de|la|del|da|do|di|upon|&) )*){_NAME_WORD})*"
)
_NO_THING = re.compile(
    r"(?:it|its|it's|this|that|those|these|them|him|her|he|she|they|you|your|yours|us|we|me|to|how|"
    r"when|what|why|where|who|the|one|ones|some|any|all|everything|nothing|something|anything|both|"
    r"each|being able|his|their|such|so|as|not|no|another|more|most|every|everyone|talking|hearing|"
    r"seeing|in|on|at|of|from|with|for|by)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:it|them|him|her|those|these|this|that|you|your|here|there|one|ones|same|such|other|"
    r"others|another|I)\b",
    re.IGNORECASE,
)
_HALF = re.compile(r"\b(?:an?|the|some|very|more|such)(?: [\w-]+)?$", re.IGNORECASE)
_WITHOUT_NOUN = re.compile(r"\b(?:whole|entire|own|very|other)$", re.IGNORECASE)
_OWN = {"my": "their", "our": "their", "me": "them", "us": "them", "myself": "themselves"}
_FIGURE = re.compile(
    r"[$\u00a3\u20ac]?\+?\d[\d.,/() -]{0,20}(?<=\d)"
    r"(?: ?(?:%|[ckm]?m|k?g|lbs?|kilos?|pounds|euros?|dollars|inch(?:es)?|feet|ft|years? old)\b)?"
)
_FIGURE_ENDS = re.compile(
    r"\s?(?:$|[.,;!?)]| (?:now|but|and|because|since|so|these|at|from|after)\b)"
)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}(?![\w@])")
_DATE = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wednes|thurs?|fri|satur|sun|monday|"
    r"tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|noon|midnight|christmas|easter)"
    r"\b|\d",
    re.IGNORECASE,
)


@cache
def lexicon(name: str) -> frozenset[str]:
    """The words of one list of the lexicon."""
    text = files("context_manager.memory.facts").joinpath("lexicon.toml").read_text("utf-8")
    return frozenset(str(tomllib.loads(text)[name]).split())


def phrase(text: str) -> str:
    """A captured text up to where its clause ends, without expressions of time at its end."""
    stop = _STOP.search(text)
    text = (text[: stop.start()] if stop else text).strip(" ,'\"")
    if "," in text and not _LIST.fullmatch(text):
        text = text.partition(",")[0]
    while (shorter := _TIME_TAIL.sub("", text)) != text:
        text = shorter.rstrip(" ,")
    return text


def proper(text: str) -> str:
    """A name of a person, place or company that the text begins with; "" if it begins with none."""
    match = _PROPER.match(text)
    name = match[0].rstrip(" .,") if match else ""
    while name and name.rpartition(" ")[2].casefold() in lexicon("no_names"):
        name = name.rpartition(" ")[0].rstrip(" ,")
    return "" if name.split(" ")[0].casefold() in lexicon("no_names") else name


def street(text: str) -> str:
    """An address that begins with a number."""
    match = re.match(r"\d{1,5}[a-zA-Z]?,? ", text)
    name = proper(text[match.end() :]) if match else ""
    return f"{match[0]}{name}" if match and name else ""


def first_name(text: str) -> str:
    """A person's name of at most three words."""
    name = proper(text)
    return name if len(name.split()) <= 3 and not name.startswith("the ") else ""


def thing(text: str) -> str:
    """What is meant, in a few words that need nothing beside them to be understood.

    Possessives are turned to the third person. What points elsewhere ("it", "that one", "the
    second") or would lose its meaning by being cut is no thing.
    """
    words = phrase(text)
    rest = text.lstrip()[len(words) :]
    whole = not _RESTRICTED.match(rest) and not (rest[:1] == "," and _HALF.search(words))
    fits = 1 <= len(words.split()) <= MOST_WORDS and any(char.isalpha() for char in words)
    cut = _WITHOUT_NOUN.search(words) or not whole
    if cut or not fits or _NO_THING.match(words) or _POINTING.search(words):
        return ""
    return " ".join(_OWN.get(word.casefold(), word) for word in words.split())


def short(text: str) -> str:
    """A thing without what follows on a preposition."""
    return thing(re.split(r"\s(?:in|at|on|during|from|of|for)\s", text)[0])


def trade(text: str) -> str:
    """An occupation, without its article."""
    words = re.sub(
        r"^(?:a|an|the|your)\s+", "", phrase(re.split(r"\s(?:at|in|of|on|with)\s", text)[0])
    )
    last = words.rpartition(" ")[2].casefold()
    return words if last in lexicon("occupations") and len(words.split()) <= 4 else ""


def moment(text: str) -> str:
    """A date or a time of day."""
    end = re.search(r"[.!?;\n]|,? (?:and|but|so|because|which|instead|not|with|for)\b", text)
    words = (text[: end.start()] if end else text).strip(" ,")
    words = re.sub(r"^(?:on|at|in|to)\s+", "", words)
    return words if _DATE.search(words) and len(words.split()) <= MOST_WORDS else ""


def branded(text: str) -> str:
    """A thing with a name of its own in it, without its article: "green Volvo estate"."""
    words = re.sub(r"^(?:an?|the|my|our)\s+", "", thing(text))
    return words if re.search(r"\b[A-Z]", words) else ""


def manifold(text: str) -> str:
    """A thing of two words or more, the last of which says what kind of thing it is."""
    words = thing(text)
    return words if len(words.split()) > 1 else ""


def figure(text: str) -> str:
    """A number with what is counted, as far as it says that."""
    match = _FIGURE.match(text)
    return match[0].strip(" ,.") if match and _FIGURE_ENDS.match(text, match.end()) else ""


def address(text: str) -> str:
    """An address for electronic mail."""
    match = _MAIL.match(text.strip())
    return match[0] if match else ""


def aim(text: str) -> str:
    """What somebody is up to, from "to" on."""
    if not text.startswith("to "):
        return ""
    words = phrase(text[3:])
    fits = 1 <= len(words.split()) <= MOST_WORDS and not _POINTING.search(words)
    return f"to {words}" if fits else ""


def word_of(name: str, text: str) -> str:
    """The first word of the text that is in this list of the lexicon, as it stands there."""
    words = re.findall(r"[\w-]+", phrase(text))
    return next((word for word in words[:4] if word.casefold() in lexicon(name)), "")

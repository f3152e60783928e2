"""Decides which inflected forms of an English-looking word share one index term.

A light suffix stripper in the manner of Porter (An algorithm for suffix stripping,
Program 14(3), 1980), written as ordered tables. It must not know about queries, stores
or scores, and it runs on words of any language: what it does to a word matters less than
that it does the same to the word of the message and the word of the question. Words
with a letter outside a-z are returned as they are.
"""

import re
from collections.abc import Callable
from typing import Final

from context_manager.generations import kept

_LONGEST: Final = 40
"""Longer words are identifiers, hashes or noise; they have no endings."""

_LATIN: Final = re.compile(r"[a-z]+\Z")

_IRREGULAR: Final = {
    "went": "go",
    "gone": "go",
    "goes": "go",
    "did": "do",
    "done": "do",
    "does": "do",
    "made": "make",
    "took": "take",
    "taken": "take",
    "gave": "give",
    "given": "give",
    "got": "get",
    "gotten": "get",
    "bought": "buy",
    "brought": "bring",
    "taught": "teach",
    "caught": "catch",
    "thought": "think",
    "sought": "seek",
    "fought": "fight",
    "told": "tell",
    "said": "say",
    "saw": "see",
    "seen": "see",
    "met": "meet",
    "felt": "feel",
    "kept": "keep",
    "left": "leave",
    "lost": "lose",
    "paid": "pay",
    "ran": "run",
    "sang": "sing",
    "sung": "sing",
    "swam": "swim",
    "wrote": "write",
    "written": "write",
    "drew": "draw",
    "drawn": "draw",
    "drove": "drive",
    "driven": "drive",
    "ate": "eat",
    "eaten": "eat",
    "flew": "fly",
    "flown": "fly",
    "grew": "grow",
    "grown": "grow",
    "knew": "know",
    "known": "know",
    "began": "begin",
    "begun": "begin",
    "became": "become",
    "came": "come",
    "chose": "choose",
    "chosen": "choose",
    "broke": "break",
    "broken": "break",
    "spoke": "speak",
    "spoken": "speak",
    "stole": "steal",
    "stolen": "steal",
    "wore": "wear",
    "worn": "wear",
    "won": "win",
    "sold": "sell",
    "sent": "send",
    "spent": "spend",
    "built": "build",
    "slept": "sleep",
    "stood": "stand",
    "understood": "understand",
    "held": "hold",
    "heard": "hear",
    "found": "find",
    "fell": "fall",
    "fallen": "fall",
    "rode": "ride",
    "ridden": "ride",
    "rose": "rise",
    "risen": "rise",
    "threw": "throw",
    "thrown": "throw",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "geese": "goose",
    "people": "person",
    "lives": "life",
    "wives": "wife",
    "knives": "knife",
    "leaves": "leave",
    "shelves": "shelf",
    "halves": "half",
    "wolves": "wolf",
}
"""Forms that no suffix rule reaches; the right side is stemmed in its turn."""

_PLURAL: Final = (("sses", "ss"), ("ies", "y"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", ""))

_LONG: Final = (
    ("ational", "ate"),
    ("ization", "ize"),
    ("isation", "ize"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("iveness", "ive"),
    ("tional", "tion"),
    ("biliti", "ble"),
    ("entli", "ent"),
    ("ation", "ate"),
    ("alism", "al"),
    ("aliti", "al"),
    ("ousli", "ous"),
    ("iviti", "ive"),
    ("fulli", "ful"),
    ("ator", "ate"),
    ("alli", "al"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("ise", "ize"),
    ("abli", "able"),
    ("li", ""),
)
"""Double endings to single ones, on words whose last y is already i; the first that fits."""

_SHORT: Final = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ness", ""),
    ("ful", ""),
)

_LAST: Final = (
    "ement",
    "ance",
    "ence",
    "able",
    "ible",
    "ment",
    "ant",
    "ent",
    "sion",
    "tion",
    "ism",
    "ate",
    "iti",
    "ous",
    "ive",
    "ize",
    "al",
    "er",
    "ic",
    "ou",
)


_MEASURED: Final = re.compile(r"[aeiouy][^aeiouy]")
_VOWEL: Final = re.compile(r"[aeiouy]")


def _measure(word: str) -> int:
    """Number of vowel-consonant sequences, Porter's m."""
    return len(_MEASURED.findall(word))


def _has_vowel(word: str) -> bool:
    return _VOWEL.search(word) is not None


def _swapping(table: tuple[tuple[str, str], ...], least: int) -> Callable[[str], str]:
    """Apply the first rule whose ending fits, if what precedes it measures ``least``."""
    endings = tuple(ending for ending, _ in table)

    def swap(word: str) -> str:
        if not word.endswith(endings):  # of most words none fits, and one look tells
            return word
        ending, replacement = next(rule for rule in table if word.endswith(rule[0]))
        head = word[: -len(ending)]
        return head + replacement if _measure(head) >= least else word

    return swap


_singular: Final = _swapping(_PLURAL, 0)
_simpler: Final = _swapping(_LONG, 1)
_shorter: Final = _swapping(_SHORT, 1)


def _unwind(head: str) -> str:
    """Repair a head from which -ed or -ing was taken: hopp -> hop, hop(e) -> hope."""
    if head.endswith(("at", "bl", "iz")):
        return head + "e"
    if len(head) > 2 and head[-1] == head[-2] and head[-1] not in "aeioulsz":
        return head[:-1]
    return head


def _participle(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ing", "ed"):
        head = word.removesuffix(ending)
        if head != word:
            return _unwind(head) if _has_vowel(head) and len(head) > 1 else word
    return word


def _final(word: str) -> str:
    if not word.endswith(_LAST):
        return word
    ending = next(ending for ending in _LAST if word.endswith(ending))
    head = word[: -len(ending)]
    if ending in {"sion", "tion"}:
        head += ending[0]
    return head if _measure(head) > 1 else word


def _silent_e(word: str) -> str:
    return word[:-1] if word.endswith("e") and len(word) > 3 and _has_vowel(word[:-1]) else word


@kept(65_536)
def stem(word: str) -> str:
    """Return the index form of a casefolded word.

    Args:
        word: one word without spaces, casefolded and with accents folded.

    Returns:
        The stem; the word itself when it is shorter than 3 or longer than 40 letters or
        holds anything but a-z.
    """
    if not 2 < len(word) <= _LONGEST or not _LATIN.match(word):
        return word
    word = _IRREGULAR.get(word, word)
    word = _participle(_singular(word))
    if word.endswith("y") and len(word) > 2:
        word = word[:-1] + "i"
    return _silent_e(_final(_shorter(_simpler(word))))

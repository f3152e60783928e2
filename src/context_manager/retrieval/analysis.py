"""Decides which terms a text is found by: one analyser for all languages.

A text becomes terms, a term becomes a keyed 64-bit number. Terms come in kinds, told apart
by a prefix so that they cannot collide: whole words (stemmed), parts of identifiers,
character pairs of scripts without spaces, four-letter pieces of long words (for compounds
and misspellings), emoji, and the speaker. This file must not know about scores, stores or
who asks. Every step is linear in the text; words are cut at a bound, so that a megabyte
without a space costs what a megabyte of prose costs.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import blake2b
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from context_manager.generations import kept
from context_manager.retrieval.stem import stem

Hashes: TypeAlias = NDArray[np.uint64]

WORD: Final = "w:"
PAIR: Final = "c:"
PIECE: Final = "p:"
SPEAKER: Final = "s:"

_LONGEST_WORD: Final = 64
"""A longer run is cut into runs of this length, so that any of its beginnings stays findable."""

_LONGEST_PARTS: Final = re.compile(rf".{{1,{_LONGEST_WORD}}}", re.DOTALL)

_MOST_WORDS: Final = 65_536
"""Words whose numbers are kept for a key."""

_PIECED_FROM: Final = 9
"""Words this long are also indexed by their pieces: long enough to be a compound."""

_PIECE: Final = 4

_MARKS: Final = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670"
"""Accents, niqqud and harakat: dropped, since people type with and without them."""

_STROKED: Final = str.maketrans(
    {
        "\u0142": "l", "\u0141": "L", "\u00f8": "o", "\u00d8": "O", "\u0111": "d", "\u0110": "D",
        "\u0127": "h", "\u0126": "H", "\u0167": "t", "\u0166": "T", "\u0131": "i", "\u00f0": "d",
        "\u00e6": "ae", "\u00c6": "AE", "\u0153": "oe", "\u0152": "OE",
    }
)  # fmt: skip
"""Letters with a stroke and ligatures, which Unicode does not take apart."""

_CONTRACTED: Final = frozenset(["s", "t", "d", "m", "re", "ve", "ll"])
"""What English writes after an apostrophe; anything else there, or before it, is a word."""

_SIGNS: Final = (
    "\u0900-\u0963\u0971-\u0df3\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0f71-\u0f84"
    "\u102b-\u103e\u17b4-\u17d3"
)
"""Vowel signs that belong to their word; Python's ``\\w`` leaves them out."""

_SPACELESS: Final = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, kana, Han: indexed by characters and pairs."""

_HANGUL: Final = "\uac00-\ud7af"

_EMOJI: Final = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"

_TOKEN: Final = re.compile(
    rf"[{_EMOJI}]"
    rf"|[vV]?\d+(?:[.,:/-]\d+)+"
    rf"|[\w{_SIGNS}]+(?:['\u2019][^\W\d_]+)?"
)
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\x00-\x7f]+")
_ACCENTED: Final = re.compile(r"[^\x00-\x7f]")
_MARK: Final = re.compile(rf"[{_MARKS}]+")
_IDENTIFIER: Final = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]|_|\d[A-Za-z]|[A-Za-z]\d")

_QUESTION_WORDS = (
    "a about after all also am an and any are as at be been before being both but by can "
    "could did do does doing for from had has have having he her hers him his how i if in "
    "into is it its just many me might mine more most much my no not of on or our ours "
    "please shall she should so some than that the their theirs them then there these they "
    "this those to too us was we were what when where which who whom whose why will with "
    "would you your yours"
)
QUESTION_WORDS: Final = frozenset(_QUESTION_WORDS.split())
"""Words that shape a question without saying what it is about. They are indexed like all
others and dropped from queries only, so ``The Who`` stays in the index."""


_ASKING_WORDS = (
    "say says said saying tell tells told talk talks talked talking mention mentioned "
    "mentions discuss discussed discussing discussion discussions conversation "
    "conversations chat chats remember remind recall ask asked asking summary summarize "
    "summarise list listed describe explain comprehensive give provide walk order different "
    "aspect aspects throughout across bring brought item items only help need want know"
)
ASKING_WORDS: Final = frozenset(_ASKING_WORDS.split())
"""Words about the asking and remembering itself; dropped from queries that have others."""


def normalise(text: str) -> str:
    """Return ``text`` with compatibility forms unified and accents folded; case stays."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return unicodedata.normalize("NFC", _ACCENTED.sub(_fold, text))


def _fold(match: re.Match[str]) -> str:
    return _folded(match[0])


@kept(16_384)
def _folded(letter: str) -> str:
    bare = _MARK.sub("", unicodedata.normalize("NFKD", letter))
    return unicodedata.normalize("NFC", bare).translate(_STROKED)


def words(text: str) -> list[str]:
    """Return the words, numbers and emoji of ``text`` in order, accents folded, case kept."""
    tokens: list[str] = _TOKEN.findall(normalise(text))
    if len(text) > _LONGEST_WORD and any([len(token) > _LONGEST_WORD for token in tokens]):
        return [part for token in tokens for part in _LONGEST_PARTS.findall(token)]
    return tokens


def index_terms(text: str, *, speaker: str = "") -> Counter[str]:
    """Return the terms a text is indexed by, with their counts.

    Args:
        text: what the passage says, dates and names included where they should be found.
        speaker: who said it; indexed as a kind of its own, beside the text.

    Returns:
        Counts by term.
    """
    terms: list[str] = []
    for word in words(text):
        terms += _word_terms(word)
        terms += _pieces(word)
    terms += [SPEAKER + stem(word.casefold()) for word in words(speaker)]
    return Counter(terms)


class WordNumbers(dict[str, tuple[int, tuple[int, ...]]]):
    """How many terms of a word count as words, and the numbers of all its terms, by the word.

    A text's terms are those of its words, so most of what indexing it costs is known already.

    Args:
        key: the store's secret.
    """

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._hash = hasher(key)

    def __missing__(self, word: str) -> tuple[int, tuple[int, ...]]:
        if len(self) >= _MOST_WORDS:
            self.clear()
        terms = _word_terms(word)
        found = len(terms), tuple(map(self._hash, (*terms, *_pieces(word))))
        self[word] = found
        return found


@kept(64)
def word_numbers(key: bytes) -> WordNumbers:
    """Return the numbers of words with a key, kept from text to text."""
    return WordNumbers(key)


def speaker_numbers(speaker: str, key: bytes) -> list[int]:
    """Return the numbers of the terms under which a speaker's passages are found."""
    hashed = hasher(key)
    return [hashed(SPEAKER + stem(word.casefold())) for word in words(speaker)]


def query_words(text: str) -> tuple[str, ...]:
    """Return the distinct content words of a query, in order, case kept.

    Question words and words about the asking itself are left out, unless nothing else was
    asked ("who are you?", "what did we talk about?").
    """
    found = dict.fromkeys(words(text))
    content = [word for word in found if _bare(word) not in QUESTION_WORDS]
    topical = [word for word in content if _bare(word) not in ASKING_WORDS]
    return tuple(topical or content or found)


def query_terms(word: str) -> tuple[str, ...]:
    """Return the terms under which a query word is looked up, the most telling first.

    For scripts without spaces these are the pairs (single characters only when the word is
    one character); for identifiers the whole and its parts.
    """
    terms = _word_terms(word)
    pairs = tuple(t for t in terms if not (t.startswith(PAIR) and len(t) == len(PAIR) + 1))
    return tuple(dict.fromkeys(pairs or terms))


def backoff_terms(word: str) -> tuple[str, ...]:
    """Return the four-letter pieces that stand in for a query word no message contains."""
    folded = _bare(word)
    if len(folded) < _PIECE or not folded.isalpha():
        return ()
    return tuple(dict.fromkeys(_grams(folded)))


def term_hashes(terms: Iterable[str], key: bytes) -> Hashes:
    """Return the keyed 64-bit number of each term, in order.

    Args:
        terms: terms as made above.
        key: the store's secret, at most 64 bytes; without it a number betrays no word.
    """
    return np.fromiter(map(hasher(key), terms), dtype=np.uint64)


@kept(64)
def hasher(key: bytes) -> Callable[[str], int]:
    """Return what gives the number of a term with this key."""

    @kept(65_536)
    def hashed(term: str) -> int:
        said = term.encode("utf-8", "replace")
        return int.from_bytes(blake2b(said, digest_size=8, key=key).digest())

    return hashed


def _bare(word: str) -> str:
    folded = word.casefold().replace("\u2019", "'")
    return folded[:-2] if folded.endswith("'s") else folded


@cache
def _runs() -> re.Pattern[str]:
    """Runs of characters of one way to write; made when a word first needs it."""
    return re.compile(rf"[{_SPACELESS}]+|[{_HANGUL}]+|[^{_SPACELESS}{_HANGUL}]+")


def _is_one_run(word: str) -> bool:
    return word.isascii() or _runs().fullmatch(word) is not None


@kept(65_536)
def _word_terms(word: str) -> tuple[str, ...]:
    """Return the whole-word, part and pair terms of one word."""
    if word.isascii():
        return _spaced_terms(word)
    terms: list[str] = []
    for run in _runs().findall(word):
        if re.match(rf"[{_SPACELESS}]", run):
            terms.extend(PAIR + gram for gram in (*run, *_windows(run, 2)))
        elif re.match(rf"[{_HANGUL}]", run):
            terms.append(WORD + run)
            terms.extend(PAIR + gram for gram in _windows(run, 2))
        else:
            terms.extend(_spaced_terms(run))
    return tuple(terms)


def _spaced_terms(word: str) -> tuple[str, ...]:
    whole = WORD + stem(_bare(word))
    if word[0].isdigit() and not word.isdigit():
        parts = [p for p in re.split(r"\D+", word) if p]
        whole = WORD + word.replace(",", "").casefold()
        return (whole, *(WORD + p for p in parts)) if parts != [word] else (whole,)
    if not _is_plain(word) and _IDENTIFIER.search(word):
        parts = [stem(p.casefold()) for p in _CAMEL.findall(word)]
        return (whole, *(WORD + p for p in parts if WORD + p != whole))
    return (whole, *_around_apostrophe(word))


def _is_plain(word: str) -> bool:
    """Whether it is of letters that are small but for the first; most words are."""
    return word.isalpha() and (len(word) == 1 or word[1:].islower())


def _around_apostrophe(word: str) -> tuple[str, ...]:
    """Return the words that an apostrophe joins (l'homme, \u0130zmir'e); none of don't or Ana's."""
    if word.isalpha():
        return ()
    parts = word.casefold().replace("\u2019", "'").split("'")
    if len(parts) == 1 or parts[-1] in _CONTRACTED:
        return ()
    return tuple(WORD + stem(part) for part in parts if len(part) > 2)


@kept(65_536)
def _pieces(word: str) -> tuple[str, ...]:
    folded = _bare(word)
    if len(folded) < _PIECED_FROM or not folded.isalpha() or not _is_one_run(folded):
        return ()
    return tuple(_grams(folded))


def _grams(folded: str) -> tuple[str, ...]:
    return tuple(PIECE + gram for gram in _windows(folded, _PIECE))


def _windows(text: str, size: int) -> tuple[str, ...]:
    return tuple(text[i : i + size] for i in range(len(text) - size + 1))

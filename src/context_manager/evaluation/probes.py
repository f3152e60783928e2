"""Questions whose evidence is known, made from what was said itself, without a language model.

Decides three kinds. *reply*: what the user said is asked again, the answer that followed is the
evidence. *quoted*: a sentence is asked for by its other words, the rare one left out. *time*: what
was said of something on a day. Which messages are asked about is drawn by a seed, so that two runs
over the same chats ask the same.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from context_manager.importing import ImportedTurn
from context_manager.records import Message

KINDS = ("reply", "quoted", "time")

LEAST_WORDS = 5
"""Words of a message that is asked about, and of a question."""

MOST_WORDS = 14
"""Words of a quoted sentence that a question repeats."""

LONGEST = 400
"""Characters of a question at most."""

_WORD = re.compile(r"\w[\w'-]*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n")
_RARE = 2
"""Messages in which a word may stand to be rare."""


class Spot(NamedTuple):
    """A message: its turn's number among those given, and its place in it."""

    turn: int
    place: int


@dataclass(frozen=True, slots=True)
class Probe:
    """A question with its evidence.

    Args:
        kind: One of `KINDS`, or the ability that a benchmark tests.
        text: What is asked.
        gold: The messages that hold the evidence.
    """

    kind: str
    text: str
    gold: tuple[Spot, ...]


def probes_of(turns: Sequence[ImportedTurn], most: int = 50, seed: int = 0) -> list[Probe]:
    """Up to ``most`` probes of each kind.

    Args:
        turns: The chats of one user, in order; notes are left out.
        most: Probes of each kind.
        seed: Draws them.
    """
    said = [
        (Spot(number, place), message)
        for number, turn in enumerate(turns)
        for place, message in enumerate(turn.messages)
        if not turn.note
    ]
    seen = Counter(word for _, message in said for word in set(_words(message.text)))
    made = (_replies(turns), _quoted(said, seen), _timed(turns, said, seen))
    rng = random.Random(seed)
    return [probe for kind in made for probe in _drawn(list(kind), most, rng)]


def _drawn(probes: list[Probe], most: int, rng: random.Random) -> list[Probe]:
    if len(probes) <= most:
        return probes
    return [probes[place] for place in sorted(rng.sample(range(len(probes)), most))]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _is_long(text: str) -> bool:
    return len(_words(text)) >= LEAST_WORDS


def _replies(turns: Sequence[ImportedTurn]) -> Iterator[Probe]:
    asked = Counter(
        message.text for turn in turns for message in turn.messages if message.role == "user"
    )
    for number, turn in enumerate(turns):
        if turn.note or turn.messages[0].role != "user":
            continue
        text = turn.messages[0].text
        answers = tuple(
            Spot(number, place)
            for place, message in enumerate(turn.messages)
            if message.role == "assistant" and _is_long(message.text)
        )
        # What was asked more than once has more than one answer.
        if answers and _is_long(text) and asked[text] == 1 and len(text) <= LONGEST:
            yield Probe("reply", text, answers[-1:])


def _quoted(said: Iterable[tuple[Spot, Message]], seen: Counter[str]) -> Iterator[Probe]:
    for spot, message in said:
        for sentence in _SENTENCE_END.split(message.text):
            rare = _rarest(sentence, seen)
            words = [word for word in _WORD.findall(sentence) if word.casefold() != rare]
            if rare and len(words) >= LEAST_WORDS:
                yield Probe("quoted", " ".join(words[:MOST_WORDS]), (spot,))
                break


def _timed(
    turns: Sequence[ImportedTurn], said: Iterable[tuple[Spot, Message]], seen: Counter[str]
) -> Iterator[Probe]:
    days: dict[tuple[str, str], list[Spot]] = defaultdict(list)
    for spot, message in said:
        when = message.timestamp if message.timestamp is not None else turns[spot.turn].timestamp
        word = _rarest(message.text, seen)
        if when is not None and word and _is_long(message.text):
            days[_day(when), word].append(spot)
    if len({day for day, _ in days}) > 1:
        for (day, word), spots in days.items():
            yield Probe("time", f"What was said about {word} on {day}?", tuple(spots))


def _rarest(text: str, seen: Counter[str]) -> str:
    """The rarest word of a text that says something by itself; "" if there is none."""
    telling = [word for word in _words(text) if len(word) > 3 or any(map(str.isdigit, word))]
    rarest = min(telling, key=lambda word: (seen[word], -len(word)), default="")
    return rarest if seen[rarest] <= _RARE else ""


def _day(when: float) -> str:
    moment = datetime.fromtimestamp(min(max(when, 0.0), 253_402_300_799.0), UTC)
    return f"{moment.day} {moment:%B} {moment.year}"

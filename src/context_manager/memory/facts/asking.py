"""Facts found by a model, believed only as far as the messages bear them out.

This file decides what is asked, what counts as an answer and what of it is kept. A malformed
answer gets one try at repair and otherwise changes nothing. It must not know providers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from context_manager.errors import ContextManagerError
from context_manager.flow import Flow, LLMRequest
from context_manager.memory.facts.extracting import speaks_of_themselves
from context_manager.memory.facts.fact import USER, Fact
from context_manager.memory.fencing import TAG, fenced, transcript
from context_manager.memory.summary import without_thinking
from context_manager.records import Message, Turn
from context_manager.records.message import clean_text

MOST_FACTS = 50
LONGEST_TEXT = 300
ANSWER_TOKENS = 1000
CONFIDENCE = 0.8

_FENCE = re.compile(r"^```[a-z]*\s*|(?<!\s)\s*+```$")
_WORD = re.compile(r"\w{3,}")
_SLOT = re.compile(r"\{(tag|known|text)\}")


class MalformedAnswerError(ContextManagerError, ValueError):
    """A model's answer is not what was asked for; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """Facts found, and why there are none if the model failed (the kind of failure only)."""

    facts: tuple[Fact, ...] = ()
    degraded: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    speaker: str
    text: str


def ask_for_facts(turns: Sequence[Turn], known: Iterable[str] = ()) -> Flow[Extraction]:
    """A flow that asks a model for the facts in some turns.

    Args:
        turns: In time order.
        known: Names of slots in use for the people concerned, so that they are used again.
    """
    said = [(message, turn) for turn in turns for message in turn.messages if message.text.strip()]
    if not any(speaks_of_themselves(message) for message, _ in said):
        return Extraction()
    prompt = _prompt(said, known)
    request = LLMRequest(prompt, ANSWER_TOKENS, temperature=0.0, purpose="facts")
    try:
        answer = yield request
        try:
            return Extraction(read_answer(answer, said))
        except MalformedAnswerError as error:
            repair = f"{prompt}\n\nYour last reply could not be used: {error}. Reply again."
            answer = yield LLMRequest(
                repair, ANSWER_TOKENS, temperature=0.0, purpose="facts.repair"
            )
            return Extraction(read_answer(answer, said))
    except Exception as error:  # noqa: BLE001 - whatever a provider raises costs quality only
        return Extraction(degraded=type(error).__name__)


def read_answer(answer: str, said: Sequence[tuple[Message, Turn]]) -> tuple[Fact, ...]:
    """The facts in a model's answer that the messages bear out; others are left out.

    Raises:
        MalformedAnswerError: The answer is not a JSON array of objects.
    """
    items = _items(answer)
    facts = (_fact(item, said) for item in items[:MOST_FACTS])
    return tuple(fact for fact in facts if fact is not None)


def _prompt(said: Sequence[tuple[Message, Turn]], known: Iterable[str]) -> str:
    lines = [
        _Line(f"[{number}] {message.speaker}", message.text)
        for number, (message, _) in enumerate(said, 1)
    ]
    names = ", ".join(sorted(set(known))) or "name, home, job, employer, relationship"
    values = {"tag": TAG, "known": fenced_words(names), "text": fenced(transcript(lines))}
    return _SLOT.sub(lambda match: values[match[1]], _template())


def fenced_words(names: str) -> str:
    """Slot names as they may stand in the instructions: words, nothing that reads as an order."""
    return re.sub(r"[^\w ,:'-]", "", names)[:500]


@cache
def _template() -> str:
    folder = files("context_manager.memory.facts")
    return folder.joinpath("prompt.txt").read_text(encoding="utf-8").strip()


def _items(answer: str) -> list[dict[str, Any]]:
    text = _FENCE.sub("", without_thinking(answer))
    start, end = text.find("["), text.rfind("]")
    if start < 0 or end < start:
        raise MalformedAnswerError("there is no JSON array in it")
    try:
        items = json.loads(text[start : end + 1], parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswerError("it is not valid JSON") from error
    if not all(isinstance(item, dict) for item in items):
        raise MalformedAnswerError("the array must hold objects only")
    return list(items)


def _no_constant(name: str) -> float:
    raise MalformedAnswerError(f"{name} is not JSON")


def _fact(item: dict[str, Any], said: Sequence[tuple[Message, Turn]]) -> Fact | None:
    """One item as a fact; None if it is incomplete or nobody said it."""
    texts = [_text(item, name) for name in ("about", "what", "value", "sentence")]
    about, what, value, sentence = texts
    sources = [said[n - 1] for n in _numbers(item.get("from")) if 1 <= n <= len(said)]
    own = [(message, turn) for message, turn in sources if speaks_of_themselves(message)]
    ended = item.get("ended") is True
    if not (about and what and sentence and own and (value or ended)):
        return None
    spoken = " ".join(message.text for message, _ in own)
    if not _borne_out(what.removeprefix("preference:") if _likes(what) else value, spoken):
        return None
    message, turn = own[-1]
    return Fact(
        subject=USER if about.casefold() in ("user", "the user") else about,
        slot=what.casefold(),
        value=value,
        text=sentence,
        said_at=turn.timestamp if message.timestamp is None else message.timestamp,
        source_ids=tuple(message.id for message, _ in own if message.id),
        confidence=CONFIDENCE,
        negated=ended,
    )


def _likes(what: str) -> bool:
    return what.startswith("preference:")


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = " ".join(clean_text(str(value)).split())
    return text if len(text) <= LONGEST_TEXT else ""


def _numbers(value: Any) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [n for n in values if isinstance(n, int) and not isinstance(n, bool)]


def _borne_out(value: str, spoken: str) -> bool:
    """Whether at least half of the value's words were spoken."""
    words = set(_WORD.findall(value.casefold()))
    return 2 * len(words & set(_WORD.findall(spoken.casefold()))) >= len(words)

"""Plays the scripted histories and says of each what went wrong.

It knows the public surface of a manager only. A scripted model answers with what the history's
author wrote down as the facts of a turn; it sees nothing but the prompt it is given.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from context_manager import Config, ContextManager, LLMConfig, MemoryConfig
from context_manager.testing.embedders import HashEmbedder
from context_manager.testing.llm import ScriptedLLM

DATA = Path(__file__).parents[1] / "facts" / "histories.toml"
HISTORIES: list[dict[str, Any]] = tomllib.loads(DATA.read_text(encoding="utf-8"))["history"]
DAY = 86_400.0
_LABEL = re.compile(r"\[(?:since|not so since) [^\]]+\]")
_ENDED = re.compile(r"no longer|any ?more|not ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a history came to: each part that went wrong, in words."""

    history: str
    faults: tuple[str, ...]
    prompt: str

    @property
    def right(self) -> bool:
        """Whether everything was as it should be."""
        return not self.faults


def noon(day: str) -> float:
    """Seconds since 1970 of noon of a day in UTC."""
    return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp()


def play(history: Mapping[str, Any], *, model: bool) -> Outcome:
    """Tell a history to a manager and ask its question a week later, in another session.

    Args:
        history: One of `HISTORIES`.
        model: With a scripted model, or by rules alone.
    """
    said = history["said"]
    moments = [noon(day) + place for place, (day, *_) in enumerate(said)]
    now = moments[-1] + 7 * DAY
    cm = _manager(history, now, model)
    for (_, session, user, assistant), moment in zip(said, moments, strict=True):
        cm.scoped(session_id=session).observe(user, assistant, timestamp=moment)
        assert cm.engine.background.drain(60)
    asking = cm.scoped(session_id="asked later")
    prompt = asking.build(history["question"], now=now).text
    faults = [*_of_prompt(history, prompt.partition("Current user input:")[0])]
    faults += _of_the_past(asking, history, now)
    return Outcome(history["id"], tuple(faults), prompt)


def _manager(history: Mapping[str, Any], now: float, model: bool) -> ContextManager:
    settings = Config(
        facts="llm" if model else "rules",
        llm=LLMConfig(provider="custom" if model else "none"),
        memory=MemoryConfig(stm_capacity=0, chunk_size=1, summaries=False),
    )
    cm = ContextManager(settings, clock=lambda: now)
    cm.embedding_provider = HashEmbedder()
    if model:
        cm.llm_adapter = ScriptedLLM(lambda prompt: _answer(history, prompt))
    return cm


def _answer(history: Mapping[str, Any], prompt: str) -> str:
    """The facts of the messages that stand in a prompt, in the form it asks for."""
    items = []
    for turn, about, what, value, sentence in history["facts"]:
        number = _number(prompt, history["said"][turn][2])
        if number is not None:
            items.append(
                {
                    "about": "The user" if about == "user" else about,
                    "what": what,
                    "value": value,
                    "sentence": sentence,
                    "ended": False,
                    "from": [number],
                }
            )
    return json.dumps(items)


def _number(prompt: str, text: str) -> int | None:
    for line in prompt.splitlines():
        told = re.match(r"\[(\d+)\] [^:]+: (.*)", line)
        if told and told[2].strip() == text:
            return int(told[1])
    return None


def _of_prompt(history: Mapping[str, Any], prompt: str) -> list[str]:
    lowered = prompt.casefold()
    current = [answer.casefold() for answer in history["current"]]
    faults = []
    if not any(answer in lowered for answer in current):
        faults.append(f"the prompt does not say {history['current']}")
    for line in prompt.splitlines():
        words = line.casefold()
        marked = bool(_LABEL.search(line)) or any(answer in words for answer in current)
        faults += [
            f"stale without a label: {line!r}"
            for stale in history["stale"]
            if stale.casefold() in words and not marked and not _ENDED.search(line)
        ]
        faults += [
            f"labelled without a reason: {line!r}"
            for kept in history.get("kept", ())
            if kept.casefold() in words and _LABEL.search(line)
        ]
    faults += [
        f"the prompt has lost {kept!r}"
        for kept in history.get("kept", ())
        if kept.casefold() not in lowered
    ]
    return faults


def _of_the_past(cm: ContextManager, history: Mapping[str, Any], now: float) -> list[str]:
    if "then" not in history:
        return []
    day, answers = history["then"]
    hits = cm.search(history["question"], k=5, kinds=["fact"], now=now, as_of=noon(day))
    told = " ".join(hit.entry.text for hit in hits).casefold()
    if any(answer.casefold() in told for answer in answers):
        return []
    return [f"as of {day} no fact says {answers}, only {told!r}"]


__all__ = ["HISTORIES", "Outcome", "noon", "play"]

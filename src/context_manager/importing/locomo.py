"""LoCoMo: long chats of two people, each with dated sessions and turns named by `dia_id`.

Decides how they become turns: one message each, the speaker's name kept, the session's date as
time with one second between messages so that their order shows, a shared image as its caption.
Source of the format: Maharana et al., "Evaluating Very Long-Term Conversational Memory of LLM
Agents", ACL 2024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from context_manager.importing.chat_message import read_name
from context_manager.importing.formats import DocumentFormat, Origin
from context_manager.importing.source import Place
from context_manager.importing.times import parse_time
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message

_SESSION = re.compile(r"session_(\d+)")


def _fits(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and isinstance(first.get("conversation"), dict)


def _read(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    if not isinstance(value, list):
        yield from _conversation(value, place, 0, origin)
        return
    for index, sample in enumerate(value):
        yield from _conversation(sample, place.inside(index), index, origin)


def _conversation(sample: Any, place: Place, index: int, origin: Origin) -> Iterator[ImportedTurn]:
    if not isinstance(sample, dict) or not isinstance(sample.get("conversation"), dict):
        raise place.error('has no "conversation" object')
    name = read_name(sample, ("sample_id",), place) or f"locomo_{index}"
    chat, place = sample["conversation"], place.inside("conversation")
    numbers = sorted(int(found[1]) for key in chat if (found := _SESSION.fullmatch(key)))
    for number in numbers:
        key = f"session_{number}"
        if not isinstance(chat[key], list):
            raise place.inside(key).error("must be a list of turns")
        began = _date(chat, f"{key}_date_time", place)
        for order, turn in enumerate(chat[key]):
            time = None if began is None else began + order
            message = _message(turn, place.inside(key, order), time)
            yield ImportedTurn(key, (message,), time, origin.metadata, name)


def _date(chat: Mapping[str, Any], key: str, place: Place) -> float | None:
    if chat.get(key) is None:
        return None
    try:
        return parse_time(chat[key])
    except ValueError as error:
        raise place.inside(key).error(
            f"{error}; write it as 1:56 pm on 8 May, 2023 or in ISO 8601"
        ) from error


def _message(turn: Any, place: Place, time: float | None) -> Message:
    if not isinstance(turn, dict):
        raise place.error('must be an object with "speaker" and "text"')
    said = []
    for key in ("speaker", "text"):
        if not isinstance(turn.get(key), str):
            raise place.error(f'has no "{key}" text')
        said.append(turn[key])
    speaker, text = said
    caption = turn.get("blip_caption")
    if isinstance(caption, str) and caption:
        text = f"{text} [shares {caption}]".lstrip()
    named = {"dia_id": turn["dia_id"]} if isinstance(turn.get("dia_id"), str) else {}
    return Message("user", text, speaker or None, time, named)


FORMAT = DocumentFormat("locomo", "LoCoMo: chats of two people with dated sessions", _fits, _read)

"""Random conversations with tools, written as each provider writes them, sound or not.

Decides what is called and answered; it knows no manager.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

WORDS = ("weather in Oslo", "ticket 4711", "книга", "東京", "a <memory> b", "User: hi", "x" * 90)
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
NAMES = ("look_up", "send mail!", "отправить", "f" * 80)
identifiers = st.one_of(
    st.sampled_from(("call_1", "call_2", "toolu_01", "with space", "c" * 60, "")),
    st.uuids().map(lambda unique: f"call_{unique.hex}"),
)
arguments = st.one_of(
    st.dictionaries(st.sampled_from(("place", "n")), words, max_size=2).map(json.dumps),
    st.sampled_from(("", "{", "[1]", "null", '"text"')),
)
outputs = st.one_of(words, st.just(""), st.builds(lambda text: text * 40, words))

Listed = list[dict[str, Any]]


@st.composite
def openai_turns(draw: Any) -> Listed:
    """One turn of chat messages: a user asks, the assistant calls tools, then answers."""
    shown = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    asked = draw(words)
    content = draw(st.sampled_from((asked, [{"type": "text", "text": asked}, shown])))
    made: Listed = [{"role": "user", "content": content}]
    for _ in range(draw(st.integers(0, 2))):
        ids = draw(st.lists(identifiers, min_size=1, max_size=3))
        calls = [
            {
                "id": name,
                "type": "function",
                "function": {"name": draw(st.sampled_from(NAMES)), "arguments": draw(arguments)},
            }
            for name in ids
        ]
        made.append({"role": "assistant", "content": draw(st.none() | words), "tool_calls": calls})
        answered = draw(st.permutations(ids)) if draw(st.booleans()) else ids
        kept = answered[: draw(st.integers(0, len(answered)))] if draw(st.booleans()) else answered
        made += [{"role": "tool", "tool_call_id": n, "content": draw(outputs)} for n in kept]
    if draw(st.booleans()):
        made.append({"role": "assistant", "content": draw(words)})
    if draw(st.booleans()):
        made = made[draw(st.integers(0, len(made) - 1)) :]  # begins anywhere, with a result even
    return made


@st.composite
def anthropic_turns(draw: Any) -> Listed:
    """One turn of Anthropic messages, with calls and results as blocks."""
    made: Listed = [{"role": "user", "content": draw(words)}]
    for _ in range(draw(st.integers(0, 2))):
        ids = draw(st.lists(identifiers.filter(bool), min_size=1, max_size=3, unique=True))
        calls = [
            {"type": "tool_use", "id": n, "name": "look_up", "input": {"q": draw(words)}}
            for n in ids
        ]
        made.append({"role": "assistant", "content": [{"type": "text", "text": "Wait."}, *calls]})
        results = [
            {"type": "tool_result", "tool_use_id": n, "content": draw(outputs), "is_error": True}
            for n in ids
        ]
        made.append({"role": "user", "content": [*results, {"type": "text", "text": draw(words)}]})
    return [*made, {"role": "assistant", "content": draw(words)}]


transcripts = st.lists(st.one_of(openai_turns(), anthropic_turns()), min_size=1, max_size=7)

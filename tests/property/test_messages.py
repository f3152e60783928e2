"""Message lists: within the budget, accepted by the providers, a call never without its result."""

from __future__ import annotations

import re
from typing import Any

import pytest
from anthropic.types import MessageParam
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.context.providers import STYLES, Said
from context_manager.errors import BudgetError
from context_manager.records.message import clean_text
from context_manager.records.parts import Image, Parts, ToolCall, message_of, parts_of
from context_manager.records.provided import read_messages
from context_manager.testing.embedders import HashEmbedder
from support.transcripts import transcripts

OPENAI: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionMessageParam])
ANTHROPIC: TypeAdapter[Any] = TypeAdapter(list[MessageParam])
ID = re.compile(r"[a-zA-Z0-9_-]{1,40}")


def remembering(turns: Any, **memory: Any) -> ContextManager:
    cm = ContextManager(Config(memory=MemoryConfig(**memory)))
    cm.embedding_provider = HashEmbedder(8)
    cm.pin("Answer in one sentence.")
    cm.scoped(session_id="earlier").observe("The ticket is number 4711.", "Noted.")
    for turn in turns:
        cm.observe_messages(turn)
    return cm


def accepted_by_openai(messages: list[dict[str, Any]]) -> None:
    """What the interface checks beyond its types: results right after their calls, one each."""
    OPENAI.validate_python(messages)
    open_calls: set[str] = set()
    seen: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            open_calls.remove(message["tool_call_id"])
            continue
        assert not open_calls, "a call without its result"
        calls = [call["id"] for call in message.get("tool_calls", ())]
        assert not seen.intersection(calls)
        assert len(set(calls)) == len(calls)
        assert all(ID.fullmatch(call) for call in calls)
        open_calls, seen = set(calls), seen.union(calls)
        assert message.get("content") or calls or message is messages[-1]
    assert not open_calls


def accepted_by_anthropic(messages: list[dict[str, Any]]) -> None:
    """Roles alternate from the user on; every call is answered first in the next message."""
    ANTHROPIC.validate_python(messages)
    assert [m["role"] for m in messages] == [
        ("user", "assistant")[place % 2] for place in range(len(messages))
    ]
    open_calls: list[str] = []
    for message in messages:
        blocks = message["content"]
        assert blocks
        results = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        assert sorted(results) == sorted(open_calls)
        assert [b["type"] for b in blocks[: len(results)]] == ["tool_result"] * len(results)
        assert all(b["text"].strip() for b in blocks if b["type"] == "text")
        open_calls = [b["id"] for b in blocks if b["type"] == "tool_use"]
        assert all(isinstance(b["input"], dict) for b in blocks if b["type"] == "tool_use")
    assert not open_calls
    assert messages[-1]["role"] == "user"


ACCEPTED = {"openai": accepted_by_openai, "anthropic": accepted_by_anthropic}


@settings(max_examples=20)
@given(transcripts, st.integers(0, 2_500), st.sampled_from([0, 20, 2000]), st.integers(0, 4))
def test_any_transcript_becomes_a_list_that_is_accepted_and_fits(turns, budget, stub, recent_k):
    cm = remembering(turns, tool_output_tokens=stub, recent_k=recent_k)
    try:
        context = cm.build("What about ticket 4711?", budget=budget)
    except BudgetError:
        return
    for style, check in ACCEPTED.items():
        try:
            messages = context.messages(style)
        except BudgetError as error:
            needed = error.needed
            assert budget < needed < 30
            continue
        assert cm.token_counter.count_tokens(messages) <= budget
        check(messages)


@given(transcripts, st.sampled_from(list(ACCEPTED)))
def test_any_part_of_any_transcript_is_written_as_a_list_that_is_accepted(turns, style):
    messages = tuple(read_messages(message for turn in turns for message in turn))
    for start in range(0, len(messages), 3):
        said = Said("Always remember: be brief.", messages[start:], "", "And now?")
        ACCEPTED[style](STYLES[style](said))


@given(st.text(max_size=30), st.lists(st.tuples(st.text(), st.text())), st.lists(st.text()))
def test_parts_written_into_a_message_are_read_back_as_they_were(said, calls, images):
    parts = Parts(
        clean_text(said),
        calls=tuple(
            ToolCall(f"c{number}", clean_text(name), clean_text(given))
            for number, (name, given) in enumerate(calls)
        ),
        images=tuple(Image(clean_text(reference)) for reference in images),
    )
    assert parts_of(message_of("assistant", parts)) == parts


@pytest.mark.parametrize("style", ACCEPTED)
def test_a_call_in_one_turn_and_its_result_in_the_next_leave_together(style):
    cm = remembering([], recent_k=3)
    for number in range(6):
        name = f"call_{number}"
        call = {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        cm.observe_messages([{"role": "user", "content": f"Look at number {number}"}])
        cm.observe_messages([{"role": "assistant", "content": None, "tool_calls": [call]}])
        cm.observe_messages([{"role": "tool", "tool_call_id": name, "content": f"seen {number}"}])
    for budget in range(20, 400, 31):
        messages = cm.build("Well?", budget=budget).messages(style)
        ACCEPTED[style](messages)
        assert cm.token_counter.count_tokens(messages) <= budget
        assert not any("[result of a tool]" in str(m) for m in messages)

"""Transcripts with tools: kept exactly, given back in either shape, long outputs as stubs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import Message as AnthropicMessage
from openai.types.chat import ChatCompletionMessage

from context_manager import Config, ContextManager, MemoryConfig, Message
from context_manager.errors import InputError, NotFoundError
from context_manager.testing.embedders import HashEmbedder

ARGUMENTS = json.dumps({"place": "Oslo", "days": 3})
OPENAI: list[dict[str, Any]] = [
    {"role": "user", "content": "How will the weather be in Oslo?", "name": "Ada"},
    {
        "role": "assistant",
        "content": "I look it up.",
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "forecast", "arguments": ARGUMENTS},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "Rain until Friday."},
    {"role": "assistant", "content": "It rains until Friday."},
]
ANTHROPIC: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "text", "text": "How will the weather be in Oslo?"}]},
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "I look it up."},
            {
                "type": "tool_use",
                "id": "call_1",
                "name": "forecast",
                "input": json.loads(ARGUMENTS),
            },
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "call_1", "content": "Rain until Friday."}
        ],
    },
    {"role": "assistant", "content": [{"type": "text", "text": "It rains until Friday."}]},
]


def manager(**memory: Any) -> ContextManager:
    cm = ContextManager(Config(memory=MemoryConfig(**memory)))
    cm.embedding_provider = HashEmbedder(8)
    return cm


def test_openai_messages_come_back_as_they_were() -> None:
    cm = manager()
    cm.observe_messages(OPENAI)
    assert cm.build("Thanks").messages()[:-1] == OPENAI


def test_anthropic_messages_come_back_as_they_were() -> None:
    cm = manager()
    cm.observe_messages(ANTHROPIC)
    assert cm.build("Thanks").messages("anthropic")[:-1] == ANTHROPIC


def test_what_one_provider_wrote_is_given_to_the_other() -> None:
    cm = manager()
    cm.observe_messages(ANTHROPIC)
    unnamed = [{k: v for k, v in message.items() if k != "name"} for message in OPENAI]
    assert cm.build("Thanks").messages("openai")[:-1] == unnamed


def test_calls_and_results_are_found_by_their_words() -> None:
    cm = manager()
    cm.observe_messages(OPENAI)
    cm = cm.scoped(session_id="later")
    assert "[calls forecast(" in cm.build_context("which forecast?")
    assert "Rain until Friday." in cm.build_context("rain Friday")


def test_objects_of_the_sdks_are_read() -> None:
    cm = manager()
    reply = ChatCompletionMessage.model_validate(OPENAI[1])
    other = AnthropicMessage.model_validate(
        {
            "id": "m",
            "type": "message",
            "model": "x",
            "usage": {"input_tokens": 1, "output_tokens": 1},
            **ANTHROPIC[1],
        }
    )
    for said in (reply, other):
        turn = cm.observe_messages([said, OPENAI[2]])
        assert turn.messages[0].text == f"I look it up.\n[calls forecast({ARGUMENTS})]"


def test_images_are_kept_by_reference_and_data_are_not() -> None:
    cm = manager()
    url = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}
    data = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked = {"role": "user", "content": [{"type": "text", "text": "What is this?"}, url]}
    turn = cm.observe_messages([asked, {"role": "user", "content": [data]}])
    assert turn.messages[0].text == "What is this?\n[image https://example.org/cat.png]"
    assert turn.messages[1].text == "[image]"
    listed = cm.build("Well?").messages()
    assert listed[0] == asked
    assert "base64" not in str(listed)
    shown = cm.build("Well?").messages("anthropic")[0]["content"][1]
    assert shown == {
        "type": "image",
        "source": {"type": "url", "url": "https://example.org/cat.png"},
    }


def test_secrets_in_arguments_are_redacted_and_the_call_stays_a_call() -> None:
    cm = manager()
    cm.config.secrets = "redact"
    key = "sk-proj-" + "a1B2" * 12
    call = {"name": "login", "arguments": json.dumps({"key": key, "for": "Ada"})}
    asking = [{"id": "c1", "type": "function", "function": call}]
    cm.observe_messages(
        [
            {"role": "assistant", "content": f"With {key}.", "tool_calls": asking},
            {"role": "tool", "tool_call_id": "c1", "content": "done"},
        ]
    )
    listed = cm.build("Well?").messages()
    assert key not in str(listed)
    assert json.loads(listed[0]["tool_calls"][0]["function"]["arguments"])["for"] == "Ada"


def test_metadata_of_ones_own_are_never_taken_for_parts() -> None:
    cm = manager()
    cm.config.secrets = "redact"
    for own in ({"message_parts": 3}, {"message_parts": {"said": "x", "calls": [[]]}}):
        turn = cm.observe_messages([Message("user", "hello there", metadata=own)])
        assert turn.messages[0].metadata == own
        assert cm.build("Well?").messages()[-2]["content"] == "hello there"


def test_a_long_output_stands_as_a_stub_and_is_kept_whole(tmp_path) -> None:
    output = "\n".join(f"row {number}: value {number * number}" for number in range(3000))
    path = tmp_path / "memory.db"
    cm = ContextManager.open(path)
    cm.embedding_provider = HashEmbedder(8)
    turn = cm.observe_messages([*OPENAI[:2], {**OPENAI[2], "content": output}, OPENAI[3]])
    held = cm.short_term_memory.turns[0]
    assert held.token_count < 2300 < turn.token_count
    assert held.token_count == cm.count(held.text)
    identifier = turn.messages[2].id
    shown = cm.build("Well?").messages()[2]["content"]
    assert identifier in shown
    assert shown.startswith("row 0:")
    assert shown.endswith("row 2999: value 8994001")
    assert cm.expand(identifier)[0].text == output
    assert "row 1500: value 2250000" in cm.scoped(session_id="b").build_context("row 1500 value")
    cm.close()
    with ContextManager.open(path) as again:
        again.embedding_provider = HashEmbedder(8)
        assert again.short_term_memory.turns[0].text == held.text
        again.forget(identifier)
        assert "8994001" not in again.build_context("row 2999")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"role": "boss", "content": "x"}, "one of user"),
        ({"content": "x"}, "needs a 'role'"),
        ({"role": "user", "content": 7}, "text or a list"),
        ({"role": "user", "content": [7]}, "a part of"),
        ({"role": "assistant", "content": "x", "tool_calls": [7]}, "tool call"),
        ({"role": "user", "content": [{"type": "tool_use"}]}, "'id' must be text"),
        ({"role": "user", "content": "x", "timestamp": "noon"}, "finite number"),
        ("hello", "must be a dict"),
    ],
    ids=repr,
)
def test_what_is_no_message_is_refused_and_named(bad: Any, why: str) -> None:
    cm = manager()
    with pytest.raises(InputError, match="message 1: ") as raised:
        cm.observe_messages([Message("user", "hello"), bad])
    assert why in str(raised.value)
    assert cm.short_term_memory.turns == type(cm.short_term_memory.turns)()


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(InputError, match="one of openai, anthropic"):
        manager().build("x").messages("morse")  # type: ignore[arg-type]


# --- branch and rewind ---------------------------------------------------------------------------


def drafted() -> tuple[ContextManager, list[str]]:
    cm = manager().scoped(session_id="first")
    turns = [cm.observe(f"Change number {n}", f"Done with {n}") for n in range(4)]
    return cm, [turn.id for turn in turns]


def inputs(cm: ContextManager) -> list[str]:
    return [turn.user_input for turn in cm.short_term_memory.turns]


def test_a_branch_begins_like_its_session_and_goes_on_by_itself() -> None:
    cm, ids = drafted()
    other = cm.branch("second", after=ids[1])
    other.observe("Something else", "Done")
    assert inputs(other) == ["Change number 0", "Change number 1", "Something else"]
    assert len(inputs(cm)) == 4
    assert inputs(cm.branch("third")) == inputs(cm)


def test_rewinding_forgets_the_end_and_leaves_branches_whole() -> None:
    cm, ids = drafted()
    other = cm.branch("second")
    receipt = cm.rewind(ids[1])
    assert receipt.entries == 4
    assert inputs(cm) == ["Change number 0", "Change number 1"]
    assert len(inputs(other)) == 4
    cm.observe("Another way", "Good")
    assert inputs(cm)[-1] == "Another way"
    cm.rewind()
    assert inputs(cm) == []


def test_what_is_forgotten_in_a_session_is_gone_in_its_branches() -> None:
    cm, ids = drafted()
    other = cm.branch("second")
    cm.forget(ids[3])
    assert inputs(other) == inputs(cm) == ["Change number 0", "Change number 1", "Change number 2"]
    assert "number 3" not in other.build_context("Change number 3?").replace("number 3?", "")


def test_a_branch_needs_a_new_session_and_a_turn_of_this_one() -> None:
    cm, ids = drafted()
    with pytest.raises(InputError, match="has turns already"):
        cm.branch("first")
    with pytest.raises(NotFoundError, match="no turn"):
        cm.branch("second", after="turn_x")
    with pytest.raises(NotFoundError, match="no turn"):
        cm.scoped(session_id="other").rewind(ids[0])

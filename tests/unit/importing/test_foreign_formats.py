"""Exports of other programs: their turns, times and notes, and what was passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_manager.errors import ImportFormatError
from context_manager.importing import ImportFile, read
from context_manager.records.parts import parts_of

Said = tuple[str, str]


def file_of(tmp_path: Path, content: Any, name: str = "export.json") -> ImportFile:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return read(path)


def said(file: ImportFile) -> list[list[Said]]:
    return [[(message.role, message.text) for message in turn.messages] for turn in file]


# --- ChatGPT -------------------------------------------------------------------------------------


def node(role: str, text: Any, parent: str | None, **fields: Any) -> dict[str, Any]:
    kind = fields.pop("kind", "text")
    content = {"content_type": kind, "parts": [text]} if kind != "code" else {"text": text}
    message = {
        "author": {"role": role},
        "content": {"content_type": kind, **content},
        "create_time": fields.pop("time", None),
        **fields,
    }
    return {"message": message, "parent": parent, "children": []}


def chatgpt() -> dict[str, Any]:
    image = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    mapping = {
        "root": {"message": None, "parent": None, "children": ["sys"]},
        "sys": node("system", "You are helpful", "root", weight=0),
        "q": node("user", "Which bulbs for shade?", "sys", time=1715000000.5),
        "old": node("assistant", "Tulips.", "q", time=1715000001),
        "code": node("assistant", "search('bulbs')", "q", kind="code", recipient="python"),
        "out": node("tool", "snowdrops", "code", kind="execution_output"),
        "new": node("assistant", "Snowdrops.", "out", time=1715000009),
        "pic": node("user", image, "new", kind="multimodal_text"),
        "last": node("assistant", "A snowdrop indeed.", "pic"),
    }
    return {
        "conversation_id": "conv-1",
        "title": "Bulbs",
        "create_time": 1714999999,
        "current_node": "last",
        "mapping": mapping,
    }


def test_chatgpt_reads_the_branch_that_was_shown(tmp_path: Path) -> None:
    file = file_of(tmp_path, [chatgpt()])
    assert file.format == "chatgpt"
    assert said(file) == [
        [
            ("user", "Which bulbs for shade?"),
            ("assistant", "[calls python(search('bulbs'))]"),
            ("tool", "snowdrops"),
            ("assistant", "Snowdrops."),
        ],
        [("user", "[image]"), ("assistant", "A snowdrop indeed.")],
    ]
    first = next(iter(file))
    assert (first.session_id, first.timestamp) == ("conv-1", 1715000000.5)
    assert first.metadata["title"] == "Bulbs"
    assert first.messages[1].timestamp == 1714999999
    assert file.skipped == {
        "messages on other branches": 1,
        "messages that were not shown": 1,
    }


def test_a_tree_that_bites_its_tail_is_read_to_where_it_does(tmp_path: Path) -> None:
    chat = chatgpt()
    chat["mapping"]["sys"]["parent"] = "last"
    assert file_of(tmp_path, [chat]).messages == 6


# --- Claude --------------------------------------------------------------------------------------


def claude() -> dict[str, Any]:
    return {
        "uuid": "11-22",
        "name": "Garden",
        "created_at": "2024-05-06T10:00:00Z",
        "account": {"uuid": "me"},
        "chat_messages": [
            {
                "sender": "human",
                "text": "Read this",
                "created_at": "2024-05-06T10:00:05.5Z",
                "attachments": [{"file_name": "plan.txt", "extracted_content": "Plant in May."}],
                "files": [{"file_name": "photo.jpg"}],
            },
            {
                "sender": "assistant",
                "text": "flattened",
                "created_at": "someday",
                "content": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "Let me look."},
                    {"type": "tool_use", "name": "search", "input": {"q": "May"}},
                    {"type": "tool_result", "content": [{"type": "text", "text": "found"}]},
                    {"type": "text", "text": "In May."},
                ],
            },
            {"sender": "human", "text": "", "content": []},
        ],
    }


def test_claude_reads_texts_tools_and_files(tmp_path: Path) -> None:
    file = file_of(tmp_path, [claude()])
    assert file.format == "claude"
    assert said(file) == [
        [
            ("user", "Read this"),
            ("tool", "[file plan.txt]\nPlant in May."),
            ("tool", "[file photo.jpg]"),
            ("assistant", 'Let me look.\n[calls search({"q": "May"})]'),
            ("tool", "found"),
            ("assistant", "In May."),
        ]
    ]
    first = next(iter(file))
    assert first.session_id == "11-22"
    assert first.timestamp == 1714989605.5
    assert first.messages[3].timestamp == 1714989600
    assert file.skipped == {
        "thoughts of the model": 1,
        "times that cannot be read": 1,
        "messages without a text": 1,
    }


# --- mem0 and the knowledge graph ----------------------------------------------------------------


def test_mem0_memories_are_notes_of_their_users(tmp_path: Path) -> None:
    made = {"created_at": "2024-05-06T10:00:00Z", "updated_at": "2024-06-01T00:00:00Z"}
    file = file_of(
        tmp_path,
        {
            "results": [
                {
                    "id": "a",
                    "memory": "Likes tea",
                    "user_id": "ada",
                    "categories": ["food"],
                    **made,
                },
                {"id": "b", "memory": "Has a dog", "user_id": "bo"},
                {"id": "c", "memory": ""},
            ],
            "relations": [{"source": "ada"}],
        },
    )
    assert (file.format, file.notes, file.conversations) == ("mem0", 2, ("ada", "bo"))
    first = next(iter(file))
    assert first.note
    assert first.timestamp == 1714989600
    assert first.messages[0].metadata == {
        "source": "export.json",
        "categories": ["food"],
        "mem0_id": "a",
        "mem0_updated_at": "2024-06-01T00:00:00Z",
    }
    assert file.skipped == {"memories without a text": 1, "relations of the graph": 1}


def test_a_graph_becomes_sentences(tmp_path: Path) -> None:
    lines = [
        {"type": "entity", "name": "Ada", "entityType": "person", "observations": ["likes tea"]},
        {"type": "entity", "name": "Bo", "entityType": "", "observations": [{"content": "runs"}]},
        {"type": "entity", "name": "Empty", "entityType": "x", "observations": []},
        {"type": "relation", "from": "Ada", "to": "Bo", "relationType": "works_with"},
    ]
    file = file_of(tmp_path, "\n".join(map(json.dumps, lines)), "memory.jsonl")
    assert file.format == "mcp-memory"
    assert said(file) == [
        [("user", "Ada (person): likes tea")],
        [("user", "Bo: runs")],
        [("user", "Ada works with Bo")],
    ]
    assert file.skipped == {"entities and relations that tell nothing": 1}
    assert len(list(file)) == 3
    assert file.skipped == {"entities and relations that tell nothing": 1}


def test_a_broken_line_of_a_graph_is_named(tmp_path: Path) -> None:
    good = json.dumps({"type": "entity", "name": "A", "entityType": "b", "observations": ["c"]})
    with pytest.raises(ImportFormatError, match=r"memory\.jsonl, line 3: "):
        file_of(tmp_path, f"{good}\n{good}\n{{broken\n", "memory.jsonl")
    with pytest.raises(ImportFormatError, match=r'line 3: must be an object of "type" entity'):
        file_of(tmp_path, f"{good}\n{good}\n[]\n", "memory.jsonl")


# --- LangChain -----------------------------------------------------------------------------------

CALL = {"id": "c1", "name": "look", "args": {"q": "tea"}}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda kind, name, data: {"type": kind, "data": data},
        lambda kind, name, data: {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "schema", "messages", name],
            "kwargs": data,
        },
    ],
    ids=["messages_to_dict", "dumpd"],
)
def test_langchain_histories_keep_calls_and_results_together(tmp_path: Path, wrap: Any) -> None:
    stamp = {"additional_kwargs": {"timestamp": 1715000000}}
    file = file_of(
        tmp_path,
        [
            wrap("human", "HumanMessage", {"content": "Tea?", **stamp}),
            wrap("ai", "AIMessage", {"content": "", "tool_calls": [CALL]}),
            wrap("tool", "ToolMessage", {"content": "none left", "tool_call_id": "c1"}),
            wrap("ai", "AIMessageChunk", {"content": [{"type": "text", "text": "No tea."}]}),
            wrap("remove", "RemoveMessage", {"content": "", "id": "x"}),
        ],
    )
    assert file.format == "langchain"
    (asked,) = list(file)
    assert asked.timestamp == 1715000000
    assert [parts_of(m).answers for m in asked.messages] == ["", "", "c1", ""]
    assert parts_of(asked.messages[1]).calls[0].arguments == '{"q": "tea"}'
    assert asked.messages[3].text == "No tea."
    assert file.skipped == {"messages of type remove": 1}


# --- Letta ---------------------------------------------------------------------------------------


def letta() -> dict[str, Any]:
    packed = json.dumps({"type": "user_message", "message": "I am Ada", "time": "x"})
    speaks = {"name": "send_message", "arguments": json.dumps({"message": "Hello Ada"})}
    return {
        "agents": [
            {
                "id": "agent-0",
                "name": "helper",
                "messages": [
                    {"role": "system", "content": [{"type": "text", "text": "You are"}]},
                    {"role": "user", "content": [{"type": "text", "text": '{"type": "login"}'}]},
                    {
                        "role": "user",
                        "content": [{"type": "text", "text": packed}],
                        "created_at": "2024-05-06T10:00:00+00:00",
                    },
                    {"role": "assistant", "content": "greet", "tool_calls": [{"function": speaks}]},
                    {"role": "tool", "name": "send_message", "content": "{}"},
                ],
            }
        ],
        "blocks": [{"label": "human", "value": "Name: Ada"}, {"label": "empty", "value": ""}],
        "tools": [],
    }


def test_letta_agents_are_unpacked(tmp_path: Path) -> None:
    file = file_of(tmp_path, letta(), "agent.af")
    assert file.format == "letta"
    assert said(file) == [
        [("user", "I am Ada"), ("assistant", "Hello Ada")],
        [("user", "human: Name: Ada")],
    ]
    first, note = list(file)
    assert (first.session_id, first.timestamp, note.note) == ("helper", 1714989600, True)
    assert file.skipped == {
        "system prompts": 1,
        "events that drive the agent": 1,
        "thoughts of the agent": 1,
        "receipts of what was sent": 1,
        "blocks without a text": 1,
    }


def test_letta_agents_of_the_older_form_are_read(tmp_path: Path) -> None:
    (agent,) = letta()["agents"]
    old = {"agent_type": "memgpt", "messages": agent["messages"], "core_memory": letta()["blocks"]}
    assert said(file_of(tmp_path, old))[0] == [("user", "I am Ada"), ("assistant", "Hello Ada")]


# --- hostile input -------------------------------------------------------------------------------

SOUND = {
    "chatgpt": [chatgpt()],
    "claude": [claude()],
    "mem0": {"results": [{"memory": "x", "user_id": "u", "created_at": 1}]},
    "langchain": [{"type": "human", "data": {"content": "x", "tool_calls": [CALL]}}],
    "letta": letta(),
}
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in inner:
        found.append((*path, key))
        if isinstance(item, dict | list):
            found += paths(item, (*path, key))
    return found


@pytest.mark.parametrize("name", SOUND)
@settings(max_examples=40)
@given(data=st.data())
def test_an_export_with_anything_in_any_place_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    """Whatever stands in an export, the answer is turns or an error that names the file."""
    value = json.loads(json.dumps(SOUND[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        *steps, last = data.draw(st.sampled_from(paths(value) or [(0,)]))
        spot = value
        try:
            for step in steps:
                spot = spot[step]
            spot[last] = data.draw(junk)
        except (IndexError, KeyError, TypeError):
            continue
    path = tmp_path_factory.mktemp("hostile") / "export.json"
    path.write_text(json.dumps(value), "utf-8")
    try:
        file = read(path, name)
    except ImportFormatError as error:
        told = str(error)
    else:
        assert file.messages == sum(len(turn.messages) for turn in file)
        return
    assert "export.json" in told

"""Bad input is refused before anything of it is used, with file, line and remedy named."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_manager.errors import ImportFormatError, InputError
from context_manager.importing import FORMATS, read

GOOD = '{"role": "user", "content": "Where did I park?"}'
NAMES = [known.name for known in FORMATS]


def refusal(path: Path, content: bytes | str, format: str = "auto") -> str:
    """The message with which the file is refused, without the folder it lies in."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ImportFormatError) as caught:
        read(path, format)
    text = str(caught.value)
    assert text.startswith(str(path)), text
    return text.removeprefix(str(path))


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        pytest.param(b"", "", "is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "", "is empty", id="only a byte order mark"),
        pytest.param(b" \n\t\n", "", "is blank", id="only white space"),
        pytest.param(b"\x1f\x8b\x08\x00", "", "gunzip", id="gzip"),
        pytest.param(b"PK\x03\x04", "", "zip", id="zip"),
        pytest.param(b"SQLite format 3\0...", "", "--db", id="a store"),
        pytest.param("Ada: hi".encode("utf-16"), "", "UTF-16", id="utf-16"),
        pytest.param(b"Ada: hi\nBo: a\0b\n", ", line 2", "NUL byte", id="binary"),
        pytest.param(b"Ada: hi\nBo: \xff\n", ", line 2", "0xff is not UTF-8", id="bad utf-8"),
        pytest.param(f"{GOOD}\n{GOOD[:20]}", ", line 2", "half a line", id="half a last line"),
        pytest.param(f"{GOOD[:20]}\n{GOOD}\n", ", line 1", "half a line", id="half a first line"),
        pytest.param(GOOD[:20], ", line 1", "half a line", id="half of the only line"),
        pytest.param(f"{GOOD}\n\n{GOOD}}}\n", ", line 3", "not valid JSON", id="too much"),
        pytest.param(f"[\n{GOOD},\n{GOOD}\n", ", line 3", "breaks off", id="a cut document"),
        pytest.param(f"[\n{GOOD}\n{GOOD}\n]", ", line 3", "','", id="a missing comma"),
        pytest.param("[" * 100_000, "", "too deeply", id="nested without end"),
        pytest.param('[{"role": "user", "content": "x", "a": NaN}]', "", "NaN", id="not a number"),
        pytest.param("[]", "", "no chat of a known format", id="an empty list"),
        pytest.param('{"a": 1}', "", "locomo (", id="an unknown object"),
        pytest.param("[1, 2, 3]", "", "no chat of a known format", id="numbers"),
        pytest.param("[[1, 2], [3]]", "", "no chat of a known format", id="a table"),
        pytest.param('{"messages": []}', "", "holds no messages", id="no messages"),
        pytest.param(
            '{"messages": [\n{"role": "user", "content": ""}]}', "", "holds no", id="nothing said"
        ),
        pytest.param(f"{GOOD}\n[1]\n", ", line 2", "messages[0] must be an object", id="a number"),
        pytest.param(f"{GOOD}\n3\n", ", line 2", "must be a chat", id="no chat in a line"),
        pytest.param("# Notes\n\nSome prose.\n", ", line 1", "has no speaker", id="prose"),
        pytest.param("Ada: hi\nand more\n", ", line 2", "indent", id="a line without speaker"),
        pytest.param("2024-02-30 10:00 Ada: hi", ", line 1", "2024-02-30", id="no such day"),
        pytest.param(
            '[\n{"role": "user", "content": "x"},\n{"role": "wizard", "content": "x"}]',
            ", line 3",
            "[1].role is 'wizard'; write user, assistant, system or tool",
            id="an unknown role",
        ),
        pytest.param('[{"role": "user"}]', ", line 1", 'has no "content"', id="no content"),
        pytest.param(
            '{"messages": [\n\n{"content": "x"}]}', ", line 3", 'has no "role"', id="no role"
        ),
        pytest.param('[{"role": "user", "content": 3}]', "", "got a number", id="content a number"),
        pytest.param(
            '[{"role": "user", "content": [\n{"text": "x"}]}]', ", line 2", '"type"', id="no type"
        ),
        pytest.param(
            '[{"role": "user", "content": [{"type": "text"}]}]',
            "",
            "holds no text",
            id="empty part",
        ),
        pytest.param(
            '[{"role": "user", "content": "x", "name": 3}]', "", "name must be text", id="name"
        ),
        pytest.param(
            '[{"role": "user", "content": "x",\n"time": "soon"}]', ", line 2", "ISO 8601", id="time"
        ),
        pytest.param(
            '[{"role": "user", "content": "x", "session": ["a"]}]', "", "got a list", id="session"
        ),
        pytest.param(
            json.dumps([{"role": "user", "content": "x", "session": "s" * 200}]),
            "",
            "longer than 127",
            id="a session named too long",
        ),
        pytest.param(
            '[{"role": "assistant", "tool_calls": [{}]}]', "", "tool_calls[0]", id="tool call"
        ),
        pytest.param(
            '[{"conversation": {"session_1": [\n{"speaker": "Ada"}]}}]',
            ", line 2",
            'conversation.session_1[0] has no "text"',
            id="locomo without text",
        ),
        pytest.param(
            '[{"conversation": {"session_1_date_time": "noon",\n"session_1": []}}]',
            ", line 1",
            "1:56 pm on 8 May, 2023",
            id="locomo with a strange date",
        ),
        pytest.param(
            '[{"conversation": {}}, \n3]', ", line 2", '"conversation"', id="locomo with a number"
        ),
        pytest.param('{"sessions": [\n3]}', ", line 2", '"messages"', id="beam without messages"),
        pytest.param(
            '{"sessions": [{"messages": [{"role": "user",\n"content": "x", "time_anchor": "?"}]}]}',
            ", line 2",
            "March-15-2024",
            id="beam with a strange anchor",
        ),
    ],
)
def test_a_fault_is_named_with_its_line(
    tmp_path: Path, content: bytes | str, where: str, what: str
) -> None:
    message = refusal(tmp_path / "chat.json", content)
    assert message.startswith(f"{where}: " if where else ("", ": ", ", line ")), message
    assert what in message


@pytest.mark.parametrize(
    ("make", "what"),
    [
        pytest.param(lambda path: None, "does not exist", id="missing"),
        pytest.param(lambda path: path.mkdir(), "is a directory", id="directory"),
        pytest.param(lambda path: os.mkfifo(path), "not a regular file", id="pipe"),
        pytest.param(lambda path: path.symlink_to(path), "cannot be read", id="a circle of links"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], Any], what: str) -> None:
    path = tmp_path / "chat"
    make(path)
    with pytest.raises(ImportFormatError, match=what):
        read(path)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(ImportFormatError, match="cannot be read"):
        read("a\0b")


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="auto, locomo, beam, chatgpt"):
        read(tmp_path / "absent", "cuneiform")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_another_format_is_refused_when_one_is_named(tmp_path: Path, name: str) -> None:
    for content in ('{"elements": ["H", "He"]}\n', "no chat at all\n", "[[[3]]]\n"):
        assert refusal(tmp_path / "chat", content, name)


def test_a_fault_at_the_end_of_a_long_file_shows_before_its_first_turn(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_text(f"{GOOD}\n" * 5000 + '{"role"')
    with pytest.raises(ImportFormatError, match="line 5001"):
        read(path)


def test_what_is_appended_while_a_file_is_imported_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(f"{GOOD}\n{GOOD}\n")
    found = read(path)
    with path.open("a") as file:
        file.write('{"role"')
    assert len(list(found)) == len(found) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "messages",
                    "conversation",
                    "session_1",
                    "sessions",
                    "text",
                    "type",
                    "time",
                    "name",
                    "user_id",
                    "speaker",
                    "session",
                    "tool_calls",
                ]
            )
            | st.text(max_size=3),
            inner | st.sampled_from(["user", "assistant", "text"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300)
@given(
    content=st.binary(max_size=80)
    | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(JSON, max_size=3).map(lambda rows: "\n".join(map(json.dumps, rows)).encode()),
    name=st.sampled_from(["auto", *NAMES]),
)
def test_any_bytes_give_turns_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    """Whatever a file holds, nothing but an ImportFormatError comes of it, or whole turns."""
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        found = read(path, name)
    except ImportFormatError as error:
        assert str(path) in str(error)  # noqa: PT017 - both outcomes are right
        return
    assert found.turns == len(list(found)) > 0
    for turn in found:
        assert turn.session_id
        assert turn.messages
        assert all(message.text.strip() for message in turn.messages)
        json.dumps([dict(message.metadata) for message in turn.messages], allow_nan=False)

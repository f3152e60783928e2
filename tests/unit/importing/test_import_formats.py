"""Each format gives the turns its file tells of: order, sessions, names, times and sources kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from context_manager.importing import ImportedTurn, as_one_user, read

Said = tuple[str, str | None, str]


def seconds(*when: int) -> float:
    """Seconds since 1970 of a UTC date."""
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[misc]


def turns(path: Path, content: Any, format: str = "auto") -> list[ImportedTurn]:
    """The turns of a file with this content: text as it stands, anything else as JSON."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return list(read(path, format))


def said(turn: ImportedTurn) -> list[Said]:
    """Role, name and text of each message."""
    return [(message.role, message.name, message.text) for message in turn.messages]


ASKED = {"role": "user", "content": "How many eggs?"}
ANSWERED = {"role": "assistant", "content": "Three."}
THANKED = {"role": "user", "content": "Thanks!"}


class TestMessages:
    """OpenAI-style JSON."""

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param([ASKED, ANSWERED, THANKED], id="list"),
            pytest.param({"messages": [ASKED, ANSWERED, THANKED]}, id="object"),
            pytest.param([{"messages": [ASKED, ANSWERED, THANKED]}], id="list of objects"),
        ],
    )
    def test_a_question_and_its_answer_are_one_turn(self, tmp_path: Path, content: Any) -> None:
        first, second = turns(tmp_path / "eggs.json", content)
        assert said(first) == [("user", None, "How many eggs?"), ("assistant", None, "Three.")]
        assert said(second) == [("user", None, "Thanks!")]

    def test_an_unnamed_session_is_called_after_the_file(self, tmp_path: Path) -> None:
        (turn,) = turns(tmp_path / "eggs.json", [ASKED])
        assert turn.session_id == "eggs"
        assert turn.conversation_id == ""
        assert turn.metadata == {"source": "eggs.json", "format": "messages"}

    def test_chats_of_one_file_are_sessions(self, tmp_path: Path) -> None:
        chats = [
            {"id": "brunch", "user": "ada", "messages": [ASKED]},
            {"messages": [THANKED], "created_at": "2024-05-07"},
        ]
        first, second = turns(tmp_path / "eggs.json", chats)
        assert (first.session_id, first.conversation_id) == ("brunch", "ada")
        assert (second.session_id, second.conversation_id) == ("eggs-2", "")
        assert first.timestamp is None
        assert second.timestamp == second.messages[0].timestamp == seconds(2024, 5, 7)

    def test_messages_may_name_their_session(self, tmp_path: Path) -> None:
        rows = [{**ASKED, "session": "a"}, {**ANSWERED, "session": "a"}, {**THANKED, "session": 7}]
        found = turns(tmp_path / "eggs.json", rows)
        assert [(turn.session_id, len(turn.messages)) for turn in found] == [("a", 2), ("7", 1)]

    @pytest.mark.parametrize(
        ("part", "text"),
        [
            ({"type": "text", "text": "look"}, "look"),
            ({"type": "input_text", "text": "look"}, "look"),
            ("look", "look"),
            ({"type": "refusal", "refusal": "I would rather not."}, "I would rather not."),
            (
                {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
                "[image https://a.example/b.png]",
            ),
            ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, "[image]"),
            ({"type": "input_audio", "input_audio": {"data": "AAAA"}}, "[audio]"),
            ({"type": "input_audio", "input_audio": {"transcript": "hm"}}, "[audio: hm]"),
            ({"type": "file", "file": {"filename": "plan.pdf"}}, "[file plan.pdf]"),
            ({"type": "hologram", "waves": 3}, "[hologram]"),
        ],
    )
    def test_parts_become_text(self, tmp_path: Path, part: Any, text: str) -> None:
        content = [{"type": "text", "text": "See:"}, part]
        (turn,) = turns(tmp_path / "a.json", [{"role": "user", "content": content}])
        assert turn.messages[0].text == f"See:\n{text}"

    def test_tool_calls_and_results_stay_with_the_answer(self, tmp_path: Path) -> None:
        call = {"id": "c1", "function": {"name": "count_eggs", "arguments": '{"shelf": 2}'}}
        rows = [
            {"role": "developer", "content": "Be brief."},
            ASKED,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": "3", "tool_call_id": "c1"},
            ANSWERED,
            {"role": "assistant", "content": "Anything else?"},
        ]
        rules, exchange, more = turns(tmp_path / "a.json", rows)
        assert said(rules) == [("system", None, "Be brief.")]
        assert [message.role for message in exchange.messages] == [
            *("user", "assistant", "tool", "assistant")
        ]
        assert exchange.messages[1].text == '\n[calls count_eggs({"shelf": 2})]'.strip()
        told = {"source": "a.json", "undated": True, "tool_call_id": "c1"}
        assert exchange.messages[2].metadata == told
        assert said(more) == [("assistant", None, "Anything else?")]

    def test_names_times_and_plain_values_are_kept(self, tmp_path: Path) -> None:
        row = {**ASKED, "name": "Ada", "time": 1_715_000_000, "id": "m1", "stars": 2, "x": [1]}
        (turn,) = turns(tmp_path / "a.json", [row])
        (message,) = turn.messages
        assert (message.name, message.timestamp) == ("Ada", 1_715_000_000.0)
        assert message.metadata == {"source": "a.json", "id": "m1", "stars": 2}

    def test_a_key_that_occurs_twice_counts_the_second_time(self, tmp_path: Path) -> None:
        (turn,) = turns(tmp_path / "a.json", '[{"role": "user", "content": "a", "content": "b"}]')
        assert turn.messages[0].text == "b"


class TestMessageLines:
    """JSON lines."""

    def test_a_message_per_line_with_sessions_times_and_names(self, tmp_path: Path) -> None:
        rows = [
            {"session": "s1", "time": "2025-03-03T07:12:00Z", "name": None, **ASKED},
            {"session": "s1", "time": "2025-03-03T07:12:08Z", "name": None, **ANSWERED},
            {"session": "s2", "time": "2025-03-04T07:12:08Z", "name": "Bo", **ANSWERED},
        ]
        content = "".join(f"{json.dumps(row)}\n" for row in rows)
        first, second = turns(tmp_path / "a.jsonl", f"\ufeff{content}")
        assert said(first) == [("user", None, "How many eggs?"), ("assistant", None, "Three.")]
        assert said(second) == [("assistant", "Bo", "Three.")]
        assert [turn.session_id for turn in (first, second)] == ["s1", "s2"]
        assert first.timestamp == seconds(2025, 3, 3, 7, 12)
        assert first.messages[1].timestamp == seconds(2025, 3, 3, 7, 12, 8)
        assert [message.metadata["line"] for message in first.messages] == [1, 2]

    def test_a_chat_per_line(self, tmp_path: Path) -> None:
        lines = [{"messages": [ASKED, ANSWERED], "user_id": "ada"}, [THANKED]]
        content = "\r\n\r\n".join(map(json.dumps, lines))
        first, second = turns(tmp_path / "a.jsonl", content)
        assert (first.session_id, first.conversation_id) == ("a-1", "ada")
        assert (second.session_id, second.conversation_id) == ("a-3", "")
        assert [message.metadata["line"] for message in first.messages] == [1, 1]

    def test_a_single_line_is_read_whatever_its_ending(self, tmp_path: Path) -> None:
        for name in ("a.jsonl", "a.json", "a.txt"):
            (turn,) = turns(tmp_path / name, {"id": "m1", **ASKED})
            assert said(turn) == [("user", None, "How many eggs?")]
            assert turn.session_id == "a"

    def test_interleaved_sessions_lose_nothing_and_keep_their_order(self, tmp_path: Path) -> None:
        rows = [{**ASKED, "session": "a"}, {**ASKED, "session": "b"}, {**ANSWERED, "session": "a"}]
        found = turns(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
        assert [(turn.session_id, turn.messages[0].role) for turn in found] == [
            ("a", "user"),
            ("b", "user"),
            ("a", "assistant"),
        ]

    def test_text_in_every_script_comes_back_as_it_was(self, tmp_path: Path) -> None:
        text = "日本語 \u2028 é e\u0301 👩‍👩‍👧 \u202e rtl \x85 \x0c end"
        row = json.dumps({"role": "user", "content": text}, ensure_ascii=False)
        first, second = turns(tmp_path / "a.jsonl", f"{row}\n{row}\n")
        assert first.messages[0].text == second.messages[0].text == text


class TestPlainText:
    """Transcripts."""

    @pytest.mark.parametrize(
        ("line", "who", "text", "time"),
        [
            ("Ada: hi", ("user", "Ada"), "hi", None),
            ("Ada Lovelace : hi", ("user", "Ada Lovelace"), "hi", None),
            ("Ada\thi\tthere: x", ("user", "Ada"), "hi\tthere: x", None),
            ("User: hi", ("user", None), "hi", None),
            ("Human: hi", ("user", "Human"), "hi", None),
            ("assistant\thi", ("assistant", None), "hi", None),
            ("AI: hi", ("assistant", "AI"), "hi", None),
            ("2024-05-07 13:30 Ada: hi", ("user", "Ada"), "hi", (13, 30, 0)),
            ("[2024-05-07T13:30:05Z] Ada: hi", ("user", "Ada"), "hi", (13, 30, 5)),
            ("2024-05-07\tAda\thi", ("user", "Ada"), "hi", (0, 0, 0)),
            (
                "2024-05-07 13:30 - Ada: at 14:00: tea",
                ("user", "Ada"),
                "at 14:00: tea",
                (13, 30, 0),
            ),
            ("マリア: こんにちは", ("user", "マリア"), "こんにちは", None),
        ],
    )
    def test_a_line_is_cut_into_time_speaker_and_text(
        self, tmp_path: Path, line: str, who: Said, text: str, time: tuple[int, ...] | None
    ) -> None:
        (turn,) = turns(tmp_path / "a.txt", line)
        assert said(turn) == [(*who, text)]
        assert turn.timestamp == (seconds(2024, 5, 7, *time) if time else None)

    def test_indented_lines_go_on(self, tmp_path: Path) -> None:
        content = (
            "User: Code?\nAssistant:\n    def f():\n        return 1\n\n  Done.\n\nUser: Thanks\n"
        )
        first, second = turns(tmp_path / "a.txt", content)
        assert first.messages[1].text == "def f():\n    return 1\n\nDone."
        assert [message.metadata["line"] for message in first.messages] == [1, 2]
        assert said(second) == [("user", None, "Thanks")]

    def test_people_who_talk_have_a_turn_per_message(self, tmp_path: Path) -> None:
        found = turns(tmp_path / "a.txt", "Ada: hi\nBo: hello\nAda: tea?\n")
        assert [turn.messages[0].name for turn in found] == ["Ada", "Bo", "Ada"]
        assert {turn.session_id for turn in found} == {"a"}


LOCOMO = [
    {
        "sample_id": "pair-7",
        "qa": [{"question": "Who repaired the kayak?"}],
        "conversation": {
            "speaker_a": "Ines",
            "speaker_b": "Rok",
            "session_10_date_time": "9:00 am on 2 June, 2023",
            "session_10": [{"speaker": "Rok", "dia_id": "D10:1", "text": "It floats."}],
            "session_2_date_time": "1:56 pm on 8 May, 2023",
            "session_2": [
                {"speaker": "Ines", "dia_id": "D2:1", "text": "I patched the kayak."},
                {
                    "speaker": "Rok",
                    "dia_id": "D2:2",
                    "text": "Look!",
                    "img_url": ["https://a.example/1.jpg"],
                    "blip_caption": "a photo of a red kayak",
                },
            ],
            "session_11_date_time": "9:00 am on 3 June, 2023",
        },
    },
    {"conversation": {"session_1": [{"speaker": "Ana", "dia_id": "D1:1", "text": "Hi"}]}},
]


class TestLocomo:
    """Chats of two people with dated sessions."""

    def test_sessions_come_in_their_order_with_names_dates_and_captions(
        self, tmp_path: Path
    ) -> None:
        found = turns(tmp_path / "a.json", LOCOMO)
        assert [
            (t.conversation_id, t.session_id, t.messages[0].metadata["dia_id"]) for t in found
        ] == [
            ("pair-7", "session_2", "D2:1"),
            ("pair-7", "session_2", "D2:2"),
            ("pair-7", "session_10", "D10:1"),
            ("locomo_1", "session_1", "D1:1"),
        ]
        assert said(found[0]) == [("user", "Ines", "I patched the kayak.")]
        assert said(found[1]) == [("user", "Rok", "Look! [shares a photo of a red kayak]")]
        began = seconds(2023, 5, 8, 13, 56)
        assert [turn.timestamp for turn in found[:2]] == [began, began + 1]
        assert found[1].messages[0].timestamp == began + 1
        assert found[3].timestamp is None

    def test_one_sample_need_not_be_in_a_list(self, tmp_path: Path) -> None:
        assert turns(tmp_path / "a.json", LOCOMO[0]) == turns(tmp_path / "a.json", LOCOMO)[:3]

    def test_as_one_user_keeps_sessions_of_different_chats_apart(self, tmp_path: Path) -> None:
        found = list(as_one_user(turns(tmp_path / "a.json", LOCOMO)))
        assert [(turn.conversation_id, turn.session_id) for turn in found] == [
            ("", "pair-7/session_2"),
            ("", "pair-7/session_2"),
            ("", "pair-7/session_10"),
            ("", "locomo_1/session_1"),
        ]


BEAM = {
    "chat": "31",
    "sessions": [
        {
            "batch": "1",
            "time_anchor": None,
            "messages": [
                {"role": "user", "id": 0, "content": "Sort this?", "time_anchor": "March-15-2024"},
                {"role": "assistant", "id": 1, "content": "Use sorted()."},
                {"role": "user", "id": 2, "content": "Thanks"},
            ],
        },
        {
            "batch": "2",
            "time_anchor": "April-02-2024",
            "messages": [
                {"role": "user", "id": 3, "content": "Again?"},
                {"role": "assistant", "id": 4, "content": "Yes."},
            ],
        },
    ],
}


def test_beam_pairs_messages_and_keeps_ids_and_anchors(tmp_path: Path) -> None:
    found = turns(tmp_path / "a.json", BEAM)
    assert [
        (t.conversation_id, t.session_id, [m.metadata["id"] for m in t.messages]) for t in found
    ] == [
        ("beam_31", "session_1", [0, 1]),
        ("beam_31", "session_1", [2]),
        ("beam_31", "session_2", [3, 4]),
    ]
    march, april = seconds(2024, 3, 15), seconds(2024, 4, 2)
    assert [m.timestamp for t in found for m in t.messages] == [
        *(march, march + 1, march + 2, april, april + 1)
    ]


@pytest.mark.parametrize(
    ("content", "format", "figures"),
    [
        pytest.param(LOCOMO, "locomo", (4, 4, 3, ("pair-7", "locomo_1")), id="locomo"),
        pytest.param(BEAM, "beam", (3, 5, 2, ("beam_31",)), id="beam"),
        pytest.param([ASKED, ANSWERED], "messages", (1, 2, 1, ("",)), id="messages"),
        pytest.param(
            f"{json.dumps(ASKED)}\n{json.dumps(ANSWERED)}\n",
            "messages-jsonl",
            (1, 2, 1, ("",)),
            id="jsonl",
        ),
        pytest.param("Ada: hi\nBo: hello\n", "text", (2, 2, 1, ("",)), id="text"),
    ],
)
def test_the_format_shows_in_the_content_and_what_the_file_holds_is_counted(
    tmp_path: Path, content: Any, format: str, figures: tuple[Any, ...]
) -> None:
    """Whatever the file is called, its content tells the format; naming it changes nothing."""
    path = tmp_path / "file.dat"
    first = turns(path, content)
    found = read(path)
    assert found.format == format
    assert (found.turns, found.messages, found.sessions, found.conversations) == figures
    assert list(found) == list(found) == first == turns(path, content, format)


def test_the_span_of_times_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(BEAM))
    found = read(path)
    assert (found.first, found.last) == (seconds(2024, 3, 15), seconds(2024, 4, 2) + 1)


def test_the_evaluation_data_is_read_whole(data_dir: Path) -> None:
    """The published counts: 2,760 turns in five chats, 2,362 messages in ten."""
    locomo = read(data_dir / "locomo" / "locomo_dev.json")
    assert (locomo.format, locomo.messages, len(locomo.conversations)) == ("locomo", 2760, 5)
    beam = [read(path) for path in sorted((data_dir / "beam").glob("*.json"))]
    assert {file.format for file in beam} == {"beam"}
    assert sum(file.messages for file in beam) == 2362

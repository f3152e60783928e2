"""`eval`: figures of files or of the user's own memory, which stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

from support.program import Program


def story(path: Path) -> Path:
    lines = []
    for number, thing in enumerate(("kayak", "lantern", "quince", "zither")):
        day = f"2024-05-{number + 10}T10:00:00Z"
        said = (
            ("user", f"Where did I leave the {thing} that my aunt gave me?"),
            ("assistant", f"The {thing} stands behind the door of room {number}."),
        )
        for role, text in said:
            message = {"role": role, "content": text, "time": day, "session": f"s{number}"}
            lines.append(json.dumps(message))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_chats_of_a_file_are_measured_without_a_store(program: Program, tmp_path: Path) -> None:
    path = story(tmp_path / "story.jsonl")
    ended = program("--json", "eval", path, "--questions", 3, "--budget", 400)
    assert ended.code == 0, ended.err
    figures = ended.data["story.jsonl"]
    assert figures["asked"] == {"reply": 3, "quoted": 3, "time": 3}
    assert figures["recall"]["reply"]["400"] == 1.0
    assert (figures["leaked"], figures["remained"]) == (0, 0)
    assert ended.data == program("--json", "eval", path, "-n", 3, "-b", 400).data
    shown = program("eval", path, "--questions", 3).out
    assert "evidence shown" in shown
    assert "prompts that show something forgotten: 0" in shown


def test_ones_own_memory_is_measured_and_left_alone(program: Program, tmp_path: Path) -> None:
    program("import", story(tmp_path / "story.jsonl"))
    before = program("--json", "stats").data
    figures = program("--json", "eval", "--set", "memory.fill_budget=False").data["default"]
    assert figures["messages"] == 8
    assert program("--json", "stats").data == before


def test_what_cannot_be_set_or_asked_is_refused(program: Program, tmp_path: Path) -> None:
    path = story(tmp_path / "story.jsonl")
    wrong = program("eval", path, "--set", "memory.mood=1")
    assert (wrong.code, "no setting 'memory.mood'" in wrong.err) == (2, True)
    wrong = program("eval", path, "--set", "memory.recall=moon")
    assert "memory.recall must be one of" in wrong.err
    (tmp_path / "hi.txt").write_text("User: Hi\n", encoding="utf-8")
    assert "too little was said" in program("eval", tmp_path / "hi.txt").err


def test_files_of_benchmarks_bring_their_own_questions(program: Program, tmp_path: Path) -> None:
    chat = {
        "sample_id": "c-1",
        "conversation": {
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ada", "dia_id": "D1:1", "text": "I bought a zither at the fair."},
                {"speaker": "Bo", "dia_id": "D1:2", "text": "What a sound it must make!"},
            ],
        },
        "qa": [
            {"question": "What did Ada buy?", "category": 4, "evidence": ["D1:1"]},
            {"question": "What did Bo buy?", "category": 5, "evidence": []},
        ],
    }
    path = tmp_path / "locomo.json"
    path.write_text(json.dumps([chat]), encoding="utf-8")
    (figures,) = program("--json", "eval", path, "--budget", 300).data.values()
    assert figures["asked"] == {"locomo 4": 1}
    assert figures["recall"]["locomo 4"]["300"] == 1.0

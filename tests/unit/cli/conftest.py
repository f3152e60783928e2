"""The program as a function of its arguments, on a store of its own, with a fast embedder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from context_manager.cli.invocation import DB_VARIABLE, Surroundings
from context_manager.cli.program import outcome
from support.program import Ended, Program, open_fast


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Where the store of the test lies; it is not made yet."""
    return tmp_path / "store.db"


@pytest.fixture
def program(db: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    """Runs the program with these arguments."""
    surroundings = Surroundings(open_fast, {DB_VARIABLE: str(db)})

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        code = outcome([str(argument) for argument in arguments], surroundings)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """A file with two sessions of one user."""
    rows = [
        ("s1", "2024-05-06T10:00:00Z", "user", "My bicycle is locked with the code 4-7-1-9."),
        ("s1", "2024-05-06T10:00:05Z", "assistant", "I will remember the code."),
        ("s2", "2024-06-01T08:00:00Z", "user", "The plumber comes on Friday at nine."),
        ("s2", "2024-06-01T08:00:05Z", "assistant", "Friday at nine, noted."),
    ]
    path = tmp_path / "chat.jsonl"
    keys = ("session", "time", "role", "content")
    path.write_text("".join(f"{json.dumps(dict(zip(keys, row, strict=True)))}\n" for row in rows))
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A file with the chats of two pairs of people."""

    def sample(name: str, text: str) -> dict[str, Any]:
        turn = {"speaker": "Ines", "dia_id": "D1:1", "text": text, "blip_caption": "a red kayak"}
        dated = {"session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": [turn]}
        return {"sample_id": name, "conversation": dated}

    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([sample("pair-1", "Look!"), sample("pair-2", "My turn")]))
    return path

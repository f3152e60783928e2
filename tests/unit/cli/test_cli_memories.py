"""`add`, `pin`, `list`, `show`, `stats`, `forget`: single memories, from first to last."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.program import Program


def added(program: Program, *arguments: object) -> str:
    """The id of what was added."""
    return str(program("add", *arguments, "--json").data["id"])


def test_what_was_added_is_shown_with_all_that_was_said_of_it(program: Program) -> None:
    id = added(
        program,
        "The boiler was serviced",
        *("--kind", "fact", "--importance", 0.9, "--time", "2024-05-07T13:30Z"),
        *("--meta", "house=3", "--meta", "who=Bo", "--meta", "paid=true", "--meta", "note=a=b"),
    )
    data = program("show", id, "--json").data
    assert data["text"] == "The boiler was serviced"
    assert (data["kind"], data["importance"], data["timestamp"]) == ("fact", 0.9, 1715088600.0)
    assert data["metadata"] == {"house": 3, "who": "Bo", "paid": True, "note": "a=b"}
    shown = program("show", id).out
    for part in (id, "The boiler was serviced", "2024-05-07 13:30 UTC", "fact", "Bo"):
        assert part in shown


def test_what_is_pinned_is_in_every_prompt_until_it_is_unpinned(program: Program) -> None:
    program("add", "Lighthouses blink")
    id = program("pin", "Answer in verse.", "--json").data["id"]
    assert "Answer in verse." in program("context", "What is a quark?").out
    assert program("unpin", id).code == 0
    kinds = {entry["id"]: entry["kind"] for entry in program("list", "--json").data}
    assert kinds[id] == "note"


def test_a_memory_can_be_pinned_by_its_id(program: Program) -> None:
    id = added(program, "Never call before ten.")
    assert program("pin", id, "--json").data["id"] == id
    assert program("show", id, "--json").data["kind"] == "pinned"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "x", "--kind", "poem"), "unknown kind 'poem'"),
        (("add", "x", "--kind", "message"), "message"),
        (("add", "  "), "needs a text"),
        (("add", "x", "--meta", "loose"), "KEY=VALUE"),
        (("add", "x", "--time", "teatime"), "2024-05-07"),
        (("add", "x", "--importance", "2"), "--importance"),
        (("add", "x", "--user", ""), "user_id must not be empty"),
        (("add",), "Missing argument"),
        (("frobnicate",), "No such command"),
        (("stats", "--colour"), "No such option"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(
    program: Program, arguments: tuple[str, ...], told: str
) -> None:
    ended = program(*arguments)
    assert ended.code == 2
    assert told in ended.err
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    fault = program(*arguments, "--json").fault
    assert fault["exit_code"] == 2
    assert told in fault["message"]


@pytest.mark.parametrize("command", [("stats",), ("list",), ("query", "x"), ("context", "x")])
def test_without_a_store_reading_says_how_to_fill_one(
    program: Program, db: Path, command: tuple[str, ...]
) -> None:
    ended = program(*command)
    assert ended.code == 3
    assert "context-manager import FILE" in ended.err
    assert not db.exists()


def test_options_stand_before_the_command_or_after_it(program: Program, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    program("--db", other, "--user", "ada", "add", "Tea is at four")
    assert program("list", "--db", other, "--json").data[0]["text"] == "Tea is at four"
    assert program("--json", "--user", "bo", "list", "--db", other, "--user", "ada").data


def test_list_shows_the_newest_first_and_filters(program: Program, chat: Path) -> None:
    program("import", chat)
    program("add", "The attic leaks", "--meta", "room=attic")

    def texts(*arguments: object) -> list[str]:
        return [entry["text"] for entry in program("list", "--json", *arguments).data]

    assert texts("--limit", 1) == ["The attic leaks"]
    assert texts("--kind", "note") == texts("--meta", "room=attic") == ["The attic leaks"]
    assert len(texts("--session", "s1")) == len(texts("--until", "2024-05-31")) == 2
    assert len(texts("--since", "2024-06-01", "--until", "2024-06-02")) == 2
    assert texts("--meta", "source=elsewhere.txt") == []
    assert "The attic leaks" in program("list").out


def test_stats_count_what_is_there(program: Program, chat: Path, db: Path) -> None:
    program("import", chat)
    program("add", "The attic leaks", "--time", "2024-07-01")
    data = program("stats", "--json").data
    assert data["held"]["kinds"] == {"message": 4, "note": 1}
    assert data["held"]["sessions"] == 2
    assert (data["held"]["first"], data["held"]["last"]) == (1714989600.0, 1719792000.0)
    assert data["users"] == ["default"]
    assert data["store_bytes"] > 0
    shown = program("stats").out
    for part in ("message", "2024-05-06 10:00 UTC", "12,000 tokens", "extractive"):
        assert part in shown


def test_an_unknown_id_is_not_found(program: Program) -> None:
    program("add", "Something")
    for command in ("show", "unpin"):
        ended = program(command, "mem_nowhere")
        assert ended.code == 3, command
        assert "mem_nowhere" in ended.err


class TestForget:
    """Deleting for good."""

    def test_by_id_leaves_the_rest(self, program: Program) -> None:
        first, second = added(program, "First thing"), added(program, "Second thing")
        receipt = program("forget", first, "--yes", "--json").data
        assert receipt["entries"] == 1
        assert program("show", first).code == 3
        assert [entry["id"] for entry in program("list", "--json").data] == [second]

    def test_a_turn_goes_with_all_its_messages(self, program: Program, chat: Path) -> None:
        program("import", chat)
        turn = program("list", "--json").data[0]["turn_id"]
        receipt = program("forget", turn, "--yes", "--json").data
        assert (receipt["entries"], receipt["turns"]) == (2, 1)
        assert (
            "plumber"
            not in program("context", "When does the plumber come?").out.split("Current")[0]
        )

    def test_by_filter_takes_what_fits_all_of_it(self, program: Program, chat: Path) -> None:
        program("import", chat)
        program("add", "From elsewhere", "--session", "s1")
        shown = program("forget", "--session", "s1", "--kind", "message", "--yes")
        assert "2 memories, 1 turn" in shown.out
        texts = [entry["text"] for entry in program("list", "--json").data]
        assert len(texts) == 3
        assert "From elsewhere" in texts

    def test_a_whole_file_goes_by_its_name(self, program: Program, chat: Path) -> None:
        program("import", chat)
        receipt = program("forget", "--meta", "source=chat.jsonl", "--yes", "--json").data
        assert receipt["entries"] == 4

    def test_all_is_all(self, program: Program, chat: Path) -> None:
        program("import", chat)
        program("pin", "Be kind")
        assert program("forget", "--all", "--yes", "--json").data["entries"] == 5
        again = program("forget", "--all", "--yes", "--json")
        assert (again.code, again.data["entries"]) == (0, 0)

    def test_what_is_not_there_is_no_error_and_said(self, program: Program) -> None:
        kept, gone = added(program, "First thing"), added(program, "Second thing")
        assert program("forget", gone, "mem_nowhere", "--yes", "--json").data["entries"] == 1
        for _ in range(2):
            ended = program("forget", gone)
            assert (ended.code, "0 memories" in ended.out) == (0, True)
            assert "nothing there to forget" in ended.err
        assert [entry["id"] for entry in program("list", "--json").data] == [kept]
        assert len(program("receipts", "--json").data) == 1
        assert "1 memory, 0 turns (ids)" in program("receipts").out

    def test_without_yes_and_without_a_person_nothing_is_forgotten(self, program: Program) -> None:
        id = added(program, "Still here")
        ended = program("forget", id)
        assert ended.code == 2
        assert "1 memory; add --yes" in ended.err
        assert program("show", id).code == 0

    @pytest.mark.parametrize(
        "arguments",
        [(), ("mem_1", "--all"), ("--kind", "note", "--all"), ("mem_1", "--kind", "note")],
    )
    def test_what_is_to_be_forgotten_must_be_said_in_one_way(
        self, program: Program, arguments: tuple[str, ...]
    ) -> None:
        program("add", "Still here")
        assert program("forget", *arguments, "--yes").code == 2
        assert len(program("list", "--json").data) == 1

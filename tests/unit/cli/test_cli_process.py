"""The program as a process: starts light, speaks to pipes and terminals, leaves with its code."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import context_manager
from context_manager.cli.program import COMMANDS
from support.program import Program

PROGRAM = [sys.executable, "-m", "context_manager"]


def run(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, with nobody at a terminal."""
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_names_every_command_and_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from context_manager.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as end:\n    print('code', end.code)\n"
        "heavy = {'numpy', 'onnxruntime', 'tokenizers', 'tiktoken', 'apsw'}\n"
        "print('loaded', sorted(heavy & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "code 0" in ended.stdout
    assert "loaded []" in ended.stdout
    assert "Exit codes: 0 done; 1" in " ".join(ended.stdout.split())
    for command in COMMANDS:
        assert f" {command.name} " in ended.stdout


def test_every_command_has_help_and_the_shared_options(program: Program) -> None:
    for command in COMMANDS:
        ended = program(command.name, "--help")
        assert ended.code == 0, command.name
        for option in ("--db", "--user", "--session", "--agent", "--tenant", "--json"):
            assert option in ended.out, command.name


def test_version(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout == f"context-manager {context_manager.__version__}\n"


def test_the_loop_with_the_default_stack(tmp_path: Path) -> None:
    """Import, ask and forget in processes of their own, on the store in the current folder."""
    (tmp_path / "chat.txt").write_text("User: The spare key is under the blue pot\n")
    assert run(tmp_path, "import", "chat.txt").returncode == 0
    assert (tmp_path / "context_manager.db").exists()
    asked = run(tmp_path, "context", "-", "--json", stdin="Where is the spare key?")
    assert "under the blue pot" in json.loads(asked.stdout)["text"]
    assert asked.stderr == ""
    assert run(tmp_path, "forget", "--all", "--yes").returncode == 0
    gone = run(tmp_path, "context", "Where is the spare key?")
    assert "blue pot" not in gone.stdout


def test_an_error_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    ended = run(tmp_path, "import", "absent.json")
    assert ended.returncode == 5
    assert ended.stdout == ""
    assert ended.stderr == "error: absent.json: does not exist; check the name\n"


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "context_manager.db").write_bytes(b"no database at all, just text\n" * 100)
    ended = run(tmp_path, "stats", "--json")
    assert ended.returncode == 6
    assert "context_manager.db" in json.loads(ended.stderr)["message"]


def test_a_person_is_asked_before_anything_is_forgotten(program: Program, db: Path) -> None:
    program("add", "The spare key is under the blue pot")
    program("add", "A fact", "--kind", "fact")
    for answer, left in (("n", 2), ("y", 1)):
        asked = ("forget", "--kind", "note", "--db", str(db))
        assert "spare key" in at_terminal(db.parent, f"{answer}\n", *asked)
        assert len(program("list", "--json").data) == left


def at_terminal(folder: Path, typed: str, *arguments: str) -> str:
    """What a person sees who types this while the program runs."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:
        pass  # the way in which Linux says that the other end was closed
    finally:
        os.close(ours)
        process.wait(timeout=120)
    return seen.decode(errors="replace")


def test_an_answer_that_cannot_be_written_is_told_in_one_line(program: Program, db: Path) -> None:
    program("add", "The kettle is descaled in autumn.", "--db", db)
    for arguments in (["stats"], ["list", "--json"]):
        with Path("/dev/full").open("w") as full:
            ended = subprocess.run(
                [*PROGRAM, *arguments, "--db", str(db)],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=120,
                check=False,
            )
        assert ended.returncode == 1
        assert len(ended.stderr.splitlines()) == 1
        assert "No space left" in ended.stderr


def test_a_reader_who_leaves_early_is_no_error_to_show(program: Program, db: Path) -> None:
    chat = db.with_name("chat.txt")
    chat.write_text("".join(f"Ada: line {number} of many\n" for number in range(500)))
    program("import", chat)
    process = subprocess.Popen(
        [*PROGRAM, "list", "--limit", "500", "--json", "--db", str(db)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(timeout=120)


def test_what_is_to_be_done_at_the_end_is_done(tmp_path: Path) -> None:
    """The process ends early, but not before what others registered, and not before threads."""
    script = (
        "import atexit, sys, threading\n"
        "from context_manager.cli import start\n"
        "atexit.register(print, 'at the end')\n"
        "def last():\n"
        "    threading.main_thread().join()\n"
        "    print('a thread')\n"
        "if sys.argv.pop() == 'threads':\n"
        "    threading.Thread(target=last).start()\n"
        "start()\n"
    )
    version = f"context-manager {context_manager.__version__}"
    for mode, told in (("alone", ["at the end"]), ("threads", ["a thread", "at the end"])):
        ended = subprocess.run(
            [sys.executable, "-c", script, "--version", mode],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0
        assert ended.stdout.splitlines() == [version, *told]

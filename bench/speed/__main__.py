"""Run the speed benchmark and write its table.

    python -m bench.speed [--only NAME ...] [--quick] [--full] [--replay CHAT.txt.gz]
        [--page docs/benchmarks.md]

Every figure is a ratio to a floor measured in the same run, turn by turn, so that a busy machine
slows both. ``--full`` takes a million entries of a thousand users and imports 100,000 turns,
otherwise 200,000 of 200 and 10,000. What fails, or has no data, has a line that says so, and
everything else is measured all the same.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from math import nan
from pathlib import Path
from traceback import print_exc

from bench.speed import building, embedding, footprint, replay, serving, writing
from bench.speed.timing import Line

Section = Callable[[Path], Iterator[Line]]
BEGIN, END = "<!-- speed:begin -->", "<!-- speed:end -->"


def sections(quick: bool, full: bool, chat: Path | None = None) -> dict[str, Section]:
    """What can be measured, by name; a replay needs a chat."""
    rounds, large = (30, 10_000) if quick else (200, 100_000)
    users = 1000 if full else 50 if quick else 200
    turns = 50_000 if full else large // 20
    return {
        "1k": lambda folder: building.in_one_scope(folder, 1000, rounds),
        "10k": lambda folder: building.in_one_scope(folder, 10_000, rounds),
        "100k": lambda folder: building.in_one_scope(folder, large, rounds),
        "users": lambda folder: building.among_users(folder, 10, users, 1000, rounds),
        "embedding": lambda folder: embedding.ratios(rounds),
        "observe": lambda folder: writing.observing(folder, rounds),
        "import": lambda folder: writing.importing(folder, turns),
        "footprint": lambda folder: footprint.of_one_scope(folder, large),
        "command": footprint.of_the_command,
        "loop": lambda folder: serving.event_loop(2 if quick else 5),
        "hooks": lambda folder: serving.hooks(rounds),
        "replay": lambda folder: replay.replayed(chat, folder) if chat else iter([NO_CHAT]),
    }


NO_CHAT = Line("prompts and memory over a whole chat", "not measured: no chat given", "", nan)


def measured(name: str, section: Section) -> Iterator[Line]:
    """The lines of a section, and one more if it fails."""
    with tempfile.TemporaryDirectory(prefix="bench-speed-") as folder:
        try:
            yield from section(Path(folder))
        except Exception as error:  # noqa: BLE001 - the other figures must not be lost
            print_exc()
            yield Line(name, f"failed: {type(error).__name__}", "", nan, 0.0)


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=sections(False, False))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args(arguments)
    lines: list[Line] = []
    for name, section in sections(given.quick, given.full, given.replay).items():
        if given.only is None or name in given.only:
            for line in measured(name, section):
                print(" | ".join(line.cells()), flush=True)
                lines.append(line)
                if given.page:
                    write(given.page, table(lines))


def table(lines: Sequence[Line]) -> str:
    """The table, with the machine it was made on."""
    head = ["what", "measured", "floor", "ratio", "wanted", "met"]
    rows = [head, ["---"] * len(head), *(line.cells() for line in lines)]
    body = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    made = f"Python {platform.python_version()}, {cores} cores, {platform.system()}."
    return f"{made} Medians unless said otherwise.\n\n{body}\n"


def write(path: Path, text: str) -> None:
    """Put the table between the markers of a page."""
    page = path.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    path.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

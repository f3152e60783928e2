"""Measure the service under load and write a table.

    python -m bench.service [--seconds 600] [--connections 32] [--page docs/benchmarks.md]

One process on one SQLite file with full durability, asked by 32 connections on loopback that share
its cores, 80 % reads; with the packaged embedding model for all of the time, and for a tenth of it
with texts embedded by hashing, which tells what is not the model's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.service.load import MIX, READS, Connection, Kind, Seen, load, prepared
from bench.service.watching import KEY, Watch, target

WARM_UP = 0.4
"""Share of the run after which memory should no longer grow."""
READ_SECONDS = 60.0
"""Of reading at least; in less, caches that fill would look like a leak."""
EMBEDDERS = {"packaged": ("the packaged model", 1.0), "hash": ("no model (hashing)", 0.1)}
"""What embeds, what it is called, and the share of the time it is measured for."""


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.service", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args(arguments)
    parts = [
        f"{given.connections} connections, each asking as soon as it has its answer, then reads "
        f"only; "
        f"{os.cpu_count()} cores shared with the client and with other work (load average "
        f"{os.getloadavg()[0]:.1f} before the run)."
    ]
    for embedder, (told, share) in EMBEDDERS.items():
        seconds = given.seconds * share
        mixed, reading = asyncio.run(measured(embedder, given.connections, seconds))
        parts += [
            f"### With {told}, {seconds:.0f} s",
            _figures(mixed, reading),
            _latencies(mixed.seen),
        ]
    text = "\n\n".join(parts) + "\n"
    print(text)
    if given.page:
        write(given.page, text)


class Phase(NamedTuple):
    """What the connections saw, and what the process held meanwhile."""

    seen: Seen
    watch: Watch

    @property
    def kilobytes_per_turn(self) -> float:
        """By how much memory grew for each turn that was stored, after the warm-up."""
        turns = len(self.seen.seconds["observe"]) * (1 - WARM_UP)
        grown = self.watch.slope(WARM_UP) * self.seen.lasted / 60 * (1 - WARM_UP)
        return 1024 * grown / max(1, turns)


async def measured(embedder: str, connections: int, seconds: float) -> tuple[Phase, Phase]:
    """A service under the whole mix, and then under reads only."""
    with (
        tempfile.TemporaryDirectory() as folder,
        target(Path(folder, "db"), embedder) as (port, pid),
    ):
        users = await prepared("127.0.0.1", port, KEY, connections)
        mixed = await _phase(pid, users, MIX, seconds)
        reading = await _phase(pid, users, READS, max(READ_SECONDS, seconds / 5))
        for user in users:
            user.close()
        return mixed, reading


async def _phase(
    pid: int, users: list[Connection], mix: dict[str, tuple[Kind, int]], seconds: float
) -> Phase:
    watch = Watch(pid)
    watching = asyncio.create_task(watch.run(every=seconds / 100))
    seen = await load(users, mix, seconds)
    watching.cancel()
    watch.sample(seen.lasted)
    return Phase(seen, watch)


def _figures(mixed: Phase, reading: Phase) -> str:
    seen, last = mixed.seen, reading.watch.samples[-1]
    rows = [
        ("requests", f"{seen.requests:,}"),
        ("requests per second", f"{seen.requests / seen.lasted:.0f}"),
        ("processor time per request, ms", f"{1000 * mixed.watch.cpu / seen.requests:.2f}"),
        ("answers other than 200", str(seen.failures.total() + reading.seen.failures.total())),
        ("memory at the end, MB", f"{last.megabytes:.0f}"),
        ("growth per turn stored, kB", f"{mixed.kilobytes_per_turn:.1f}"),
        ("growth while only reading, MB per minute", f"{reading.watch.slope(WARM_UP):.2f}"),
        ("threads, open files at the end", f"{last.threads}, {last.files}"),
    ]
    return _table(["figure", "value"], rows)


def _latencies(seen: Seen) -> str:
    rows = [
        (
            name,
            f"{weight} %",
            *(f"{seen.percentile(name, share):.1f}" for share in (0.5, 0.95, 0.99)),
        )
        for name, (_, weight) in MIX.items()
        if seen.seconds[name]
    ]
    whole = [f"{seen.percentile(None, share):.1f}" for share in (0.5, 0.95, 0.99)]
    head = ["request", "share", "p50, ms", "p95, ms", "p99, ms"]
    return _table(head, [*rows, ("all", "100 %", *whole)])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(path: Path, text: str) -> None:
    """Put the tables between the markers of a page."""
    begin, end = "<!-- service:begin -->", "<!-- service:end -->"
    page = path.read_text(encoding="utf-8")
    head, rest = page.split(begin)
    path.write_text(f"{head}{begin}\n\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Measure what many users cost each of them, and what further processes bring; write a table.

    python -m bench.scale postgresql://... [--users 10000] [--page docs/benchmarks.md]

Needs a PostgreSQL database. Two schemas are filled in it, one with the memory of one user, one with
that of all of them, and dropped at the end.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench.scale.among_many import Figures, listed, measured
from bench.scale.filling import Filled, filled
from bench.scale.together import Done, in_turn

PROCESSES = (1, 2, 4)


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("dsn")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=100, help="of each user")
    parser.add_argument("--fill-seconds", type=float, default=600.0, help="then fewer users do")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args(arguments)
    try:
        filled(given.dsn, "scale_one", 1, given.entries, given.fill_seconds)
        many = filled(given.dsn, "scale_many", given.users, given.entries, given.fill_seconds)
        given.users = many.users
        each = listed(given.dsn)
        alone, among = measured(given.dsn, many.users, given.rounds)
        together = in_turn(given.dsn, PROCESSES, given.seconds)
    finally:
        with psycopg.connect(given.dsn, autocommit=True) as connection:
            for schema in ("scale_one", "scale_many"):
                connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    text = _table(given, many, each, alone, among, together)
    print(text)
    if given.page:
        _write(given.page, text)


def _table(
    given: argparse.Namespace,
    many: Filled,
    each: float,
    alone: Figures,
    among: Figures,
    together: Sequence[Done],
) -> str:
    load = os.getloadavg()[0]
    rows = [
        f"| {name.replace('_', ' ')} | {a:.1f} ms | {m:.1f} ms | {m / a:.2f} |"
        for name, a, m in zip(Figures._fields, alone, among, strict=True)
    ]
    shares = " : ".join(f"{done.rate / together[0].rate:.2f}" for done in together)
    costs = " : ".join(f"{done.cost:.1f}" for done in together)
    entries = given.users * given.entries
    return "\n".join(
        [
            f"PostgreSQL on the same machine, {os.cpu_count()} cores shared with other work (load "
            f"average {load:.1f}); {given.entries} entries of each user, copied in the database at "
            f"{many.rate:,.0f} entries/s.",
            "",
            f"| p50 of {given.rounds} | 1 user | {given.users:,} users, {entries:,} entries "
            "| ratio |",
            "|---|--:|--:|--:|",
            *rows,
            "",
            f"{' : '.join(map(str, PROCESSES))} processes, 80 % prompts and 20 % turns, do "
            f"{shares} of the work of one ({together[0].rate:,.0f} calls/s), with {costs} ms of a "
            "process's own processor time for each call.",
            "",
            f"An entry takes {many.each / 1000:.1f} kB of tables and indexes, and the list of "
            f"everybody that a worker holds {each / 1000:.1f} kB for each user.",
        ]
    )


def _write(path: Path, text: str) -> None:
    begin, end = "<!-- scale:begin -->", "<!-- scale:end -->"
    head, rest = path.read_text(encoding="utf-8").split(begin)
    path.write_text(f"{head}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

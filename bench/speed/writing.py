"""Remembering against the bare commit of the same bytes, and importing at twice the size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import apsw

from bench.speed.corpus import Language, TableEmbedder
from bench.speed.timing import Line, against, alternate
from context_manager import ContextManager, TurnInput
from context_manager.records import Message
from context_manager.store.protocol import TurnDraft


class BareTable:
    """One table, one row per message with the same bytes as we store, one durable commit."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "FULL")
        self._connection.execute("CREATE TABLE said (id TEXT PRIMARY KEY, text TEXT, words BLOB)")

    def commit(self, rows: list[tuple[str, str, bytes]]) -> None:
        """Insert and commit."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO said VALUES (?, ?, ?)", rows)
        self._connection.execute("COMMIT")


def observing(folder: Path, rounds: int) -> Iterator[Line]:
    """`observe` with a durable file."""
    language = Language()
    table = BareTable(folder / "bare.db")
    with ContextManager.open(folder / "observe.db") as cm:
        cm.embedding_provider = TableEmbedder()
        pairs = [(language.message(), language.message()) for _ in range(rounds + 3)]
        rows = {pair: _rows(cm, number, pair) for number, pair in enumerate(pairs)}
        ours, bare = alternate(
            pairs, lambda pair: cm.observe(*pair), lambda pair: table.commit(rows[pair])
        )
    yield against("`observe`, durable, to a bare commit of the same bytes", ours, bare, 1.5)


def _rows(cm: ContextManager, number: int, pair: tuple[str, str]) -> list[tuple[str, str, bytes]]:
    from context_manager.records import Turn

    draft: TurnDraft = cm.archive.drafter.turn(cm.scope, Turn.of(_messages(pair), 0, 0.0))
    return [
        (f"{number}.{at}", entry.entry.text, b"".join(p.words for p in entry.passages))
        for at, entry in enumerate(draft.entries)
    ]


def importing(folder: Path, size: int) -> Iterator[Line]:
    """`observe_batch` of a number of turns and of twice as many."""
    language = Language()
    seconds = []
    for turns in (size, 2 * size):
        given = [
            TurnInput(_messages((language.message(), language.message())), f"s-{at // 50}")
            for at in range(turns)
        ]
        with ContextManager.open(folder / f"import-{turns}.db") as cm:
            cm.embedding_provider = TableEmbedder()
            began = perf_counter()
            cm.observe_batch(given)
            seconds.append(perf_counter() - began)
    yield Line(
        f"importing {2 * size:,} turns, to {size:,}",
        f"{seconds[1]:.1f} s",
        f"{seconds[0]:.1f} s",
        seconds[1] / seconds[0],
        2.2,
    )


def _messages(pair: tuple[str, str]) -> tuple[Message, ...]:
    return Message("user", pair[0]), Message("assistant", pair[1])

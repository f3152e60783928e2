"""Building a prompt, without the embedding, against a bare vector scan plus a bare word query.

The floor does what any memory must do at least: one exact scan of all vectors with the best 50
taken, and one FTS5 query for any of the question's content words with the best 50 by BM25, over
the same texts and vectors. It fetches no text, ranks nothing together and packs no prompt.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import numpy as np

from bench.speed.corpus import Language, TableEmbedder, copied, drafted, fill
from bench.speed.timing import Line, Times, against, alternate, milliseconds
from context_manager import ContextManager
from context_manager.store.protocol import Change

BEST = 50
WARM = 20
"""Rounds that are not counted: what a process reads once, it has read by then."""


class Floor:
    """The bare scan and the bare word query."""

    def __init__(self, messages: list[str], embedder: TableEmbedder) -> None:
        self._embedder = embedder
        self._vectors = embedder.embed(messages)
        self._words = apsw.Connection(":memory:")
        self._words.execute("CREATE VIRTUAL TABLE said USING fts5(text, content='')")
        with self._words:
            self._words.executemany(
                "INSERT INTO said (rowid, text) VALUES (?, ?)", enumerate(messages)
            )
            self._words.execute("INSERT INTO said (said) VALUES ('optimize')")

    def ask(self, question: tuple[str, list[str]]) -> None:
        """Both queries."""
        text, words = question
        scores = self._vectors @ self._embedder.embed([text])[0]
        np.argpartition(scores, -BEST)[-BEST:]
        any_of = " OR ".join(words)
        list(
            self._words.execute(
                "SELECT rowid FROM said WHERE said MATCH ? ORDER BY bm25(said) LIMIT ?",
                (any_of, BEST),
            )
        )


def in_one_scope(folder: Path, size: int, rounds: int) -> Iterator[Line]:
    """`build_context` at so many entries of one user, over a file."""
    language, embedder = Language(), TableEmbedder()
    messages = [language.message() for _ in range(size)]
    with ContextManager.open(folder / f"one-{size}.db") as cm:
        cm.embedding_provider = embedder
        fill(cm, messages, embedder)
        floor = Floor(messages, embedder)
        asking = cm.scoped(session_id="asking")
        questions = [language.question() for _ in range(rounds + WARM)]
        ours, bare = alternate(
            questions, lambda q: asking.build_context(q[0]), floor.ask, warm=WARM
        )
    yield against(f"`build_context`, {size:,} entries", ours, bare, 2.0 if size > 1000 else None)
    yield _tail(f"its p99 to its p50, {size:,} entries", ours)


def _tail(what: str, times: Times) -> Line:
    return Line(what, milliseconds(times.p99), milliseconds(times.p50), times.p99 / times.p50, 3.0)


def among_users(folder: Path, few: int, many: int, each: int, rounds: int) -> Iterator[Line]:
    """`build_context` of one user with few and with many other users in the same file."""
    language, embedder = Language(), TableEmbedder()
    messages = [language.message() for _ in range(each)]
    managers = []
    for users in (few, many):
        cm = ContextManager.open(folder / f"users-{users}.db")
        cm.embedding_provider = embedder
        drafts = list(drafted(cm, cm.scope, messages, embedder))
        for user in range(users):
            scoped = cm.scoped(user_id=f"user-{user}")
            change = Change(turns=copied(drafts, scoped.scope))
            scoped.archive.apply(scoped.scope.partition, change)
        managers.append(cm)
    asking = [cm.scoped(user_id="user-3", session_id="asking") for cm in managers]
    questions = [language.question()[0] for _ in range(rounds + WARM)]
    alone, crowded = alternate(
        questions, asking[0].build_context, asking[1].build_context, warm=WARM
    )
    for cm in managers:
        cm.close()
    what = f"`build_context` among {many * each:,} entries of {many:,} users, to {few * each:,}"
    yield against(what, crowded, alone, 1.3)

"""Measure what it brings to search one large memory in the database instead of reading it whole.

    python -m bench.scale.large postgresql://... [--entries 50000]

Needs a PostgreSQL database with pgvector. One schema is filled in it, and dropped at the end.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from bench.speed.corpus import Language, TableEmbedder, drafted
from context_manager import Config, ContextManager
from context_manager.config import VectorStoreConfig
from context_manager.store.postgres import PostgresStore
from context_manager.store.protocol import Change

SCHEMA = "scale_large"
PORTION = 500
SEARCHES = 30


@dataclass(frozen=True, slots=True)
class Searched:
    """How a memory answered: seconds of the first search, the median of later ones, and hits."""

    first: float
    later: float
    hits: list[set[str]]


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.large", description=__doc__)
    parser.add_argument("dsn")
    parser.add_argument("--entries", type=int, default=50_000)
    given = parser.parse_args(arguments)
    with psycopg.connect(given.dsn, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        try:
            _fill(given.dsn, given.entries)
            filed = _file(given.dsn)
            questions = _questions()
            whole = _searched(_manager(given.dsn, "numpy"), questions)
            large = _searched(_manager(given.dsn, "pgvector"), questions)
            sizes = _sizes(connection)
        finally:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    same = [len(a & b) / max(len(a), 1) for a, b in zip(whole.hits, large.hits, strict=True)]
    print(f"{given.entries:,} entries: filed in {filed:.1f} s, index included")
    for name, size in sizes.items():
        print(f"  {name}: {size / given.entries / 1000:.2f} kB an entry")
    for name, searched in (("columns", whole), ("candidates", large)):
        print(f"  {name}: first {searched.first:.2f} s, then p50 {searched.later * 1e3:.0f} ms")
    print(f"  the same ten of {SEARCHES} searches: {statistics.mean(same):.3f}")


def _manager(dsn: str, provider: str) -> ContextManager:
    options = {"above": 1000} if provider == "pgvector" else {}
    config = Config(vector_store=VectorStoreConfig(provider, options))
    manager = ContextManager(config, store=PostgresStore(dsn, schema=SCHEMA))
    manager.embedding_provider = TableEmbedder()
    return manager


def _fill(dsn: str, entries: int) -> None:
    language = Language()
    with _manager(dsn, "numpy") as cm:
        for _ in range(0, entries, PORTION):
            texts = [language.message() for _ in range(PORTION)]
            drafts = tuple(drafted(cm, cm.scope, texts, TableEmbedder()))
            cm.archive.store.apply(cm.scope.partition, Change(turns=drafts))


def _file(dsn: str) -> float:
    with _manager(dsn, "pgvector") as cm:
        began = time.perf_counter()
        while cm.archive.file(cm.scope.partition):
            pass
        return time.perf_counter() - began


def _questions() -> list[str]:
    language = Language()
    return [" ".join(language.message().split()[:8]) for _ in range(SEARCHES)]


def _searched(cm: ContextManager, questions: Sequence[str]) -> Searched:
    taken, hits = [], []
    with cm:
        for question in questions:
            began = time.perf_counter()
            found = cm.search(question, 10)
            taken.append(time.perf_counter() - began)
            hits.append({hit.entry.id for hit in found})
    return Searched(taken[0], statistics.median(taken[1:]), hits)


def _sizes(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, float]:
    found = connection.execute(
        "SELECT CASE WHEN relname LIKE 'near%%hnsw' THEN 'index of vectors'"
        " WHEN relname LIKE 'near%%' THEN 'halves of vectors' ELSE 'lists of words' END,"
        " sum(pg_relation_size(oid))::float FROM pg_class"
        " WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'i')"
        " AND (relname LIKE 'near%%' OR relname LIKE 'postings%%') GROUP BY 1",
        (SCHEMA,),
    )
    return {str(name): float(str(size)) for name, size in found}


if __name__ == "__main__":
    main(sys.argv[1:])

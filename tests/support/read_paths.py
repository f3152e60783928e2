"""Every way of reading a manager, so that a test can say of all of them what they may show.

The public names of the manager, of its store and of its memories are found by introspection. Each
must stand in one of the tables here; a name that does not is reported by `uncovered`, so a new way
of reading fails the tests until somebody has said what it shows.
"""

from __future__ import annotations

import tempfile
from asyncio import Runner
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from context_manager import ContextManager
from context_manager.memory.long_term import LongTermMemory
from context_manager.memory.short_term import ShortTermMemory
from context_manager.store import Store
from context_manager.store.protocol import EntryFilter
from context_manager.store.protocol import Store as StoreProtocol

Reading = Callable[[Any, "Asked"], Any]


class Asked:
    """What a reader may ask with: a question and ids, its own or guessed ones."""

    def __init__(self, question: str, ids: tuple[str, ...] = ()) -> None:
        self.question = question
        self.ids = ids
        self.run: Callable[..., Any]  # one event loop for all that is awaited


MANAGER: dict[str, Reading] = {
    "build": lambda cm, asked: cm.build(asked.question, budget=50_000),
    "build_async": lambda cm, asked: asked.run(cm.build_async(asked.question, budget=50_000)),
    "build_batch": lambda cm, asked: cm.build_batch([asked.question], budget=50_000),
    "build_context": lambda cm, asked: cm.build_context(asked.question),
    "build_context_async": lambda cm, asked: asked.run(cm.build_context_async(asked.question)),
    "build_context_batch": lambda cm, asked: cm.build_context_batch([asked.question]),
    "expand": lambda cm, asked: _each(cm.expand, asked.ids),
    "export": lambda cm, asked: _exported(cm),
    "explain": lambda cm, asked: cm.explain(asked.question, budget=50_000),
    "facts": lambda cm, asked: [*cm.facts(), *cm.facts(as_of=cm.clock())],
    "get": lambda cm, asked: _each(cm.get, asked.ids),
    "get_stats": lambda cm, asked: cm.get_stats(),
    "query_memory": lambda cm, asked: cm.query_memory(asked.question, k=1000),
    "query_memory_async": lambda cm, asked: asked.run(
        cm.query_memory_async(asked.question, k=1000)
    ),
    "query_memory_batch": lambda cm, asked: cm.query_memory_batch([asked.question], k=1000),
    "receipts": lambda cm, asked: cm.receipts(),
    "recorded": lambda cm, asked: cm.recorded(),
    "replay": lambda cm, asked: [cm.replay(name) for name, _ in cm.recorded()],
    "search": lambda cm, asked: [
        *cm.search(asked.question, k=1000),
        *cm.search(asked.question, k=1000, as_of=cm.clock()),
    ],
    "search_async": lambda cm, asked: asked.run(cm.search_async(asked.question, k=1000)),
    "short_term_memory": lambda cm, asked: read_all(cm.short_term_memory, SHORT_TERM, asked),
    "history": lambda cm, asked: _each(cm.history, asked.ids),
    "long_term_memory": lambda cm, asked: read_all(cm.long_term_memory, LONG_TERM, asked),
    "archive": lambda cm, asked: read_store(cm, asked),
}
"""What the manager shows, by the name of the method or attribute."""

MANAGER_WRITES = {
    "aclose", "add_memory", "add_memory_async", "add_memory_batch", "clear_memory", "close",
    "consolidate", "correct", "embed_later", "embed_now", "forget", "forget_async",
    "import_export",
    "ingest_directory", "ingest_file", "ingest_text", "observe", "observe_async", "observe_batch",
    "observe_messages",
    "observe_messages_async", "pin", "reembed", "release", "revert", "rewind", "sweep", "unpin",
}  # fmt: skip
"""What changes memory and answers with ids, receipts or what it was given."""

MANAGER_PARTS = {
    "branch", "clock", "config", "count", "embedding_provider", "engine", "hooks", "llm_adapter",
    "load", "made", "max_workers", "model", "new_working_set", "open", "require_user", "reranker",
    "run_async", "save", "scope", "scoped", "settings", "share_questions",
    "summarizer", "token_counter", "working_set_kind",
}  # fmt: skip
"""Settings, exchangeable parts and ways to another manager: no memory of their own. What `save`
writes is tested beside this table, since it is the whole store."""

SHORT_TERM: dict[str, Reading] = {
    "fallen": lambda memory, asked: memory.fallen,
    "get_recent_texts": lambda memory, asked: memory.get_recent_texts(1000),
    "get_recent_turns": lambda memory, asked: memory.get_recent_turns(1000),
    "get_stats": lambda memory, asked: memory.get_stats(),
    "pending": lambda memory, asked: memory.pending,
    "turns": lambda memory, asked: list(memory.turns),
    "unwritten": lambda memory, asked: memory.unwritten,
}
SHORT_TERM_OTHER = {
    "add_message", "add_messages", "add_turn", "append", "clear", "clock", "current_tokens",
    "evict", "exchange",
    "fallen_tokens", "get_chunk_for_summarization", "hand_back", "journal", "mark_consolidated",
    "max_tokens",
    "remove", "replace_all", "token_counter", "touch",
}  # fmt: skip

LONG_TERM: dict[str, Reading] = {
    "entries": lambda memory, asked: list(memory.entries),
    "get_stats": lambda memory, asked: memory.get_stats(),
    "search": lambda memory, asked: memory.search(asked.question, k=1000),
}
LONG_TERM_OTHER = {
    "add", "add_memory", "archive", "clear", "dimension", "embedding_provider",
    "entry_id_counter", "index", "partition", "scope", "scoped",
}  # fmt: skip

STORE: dict[str, Callable[[Store, ContextManager, Asked], Any]] = {
    "entries": lambda store, cm, asked: store.entries(cm.scope.partition, asked.ids),
    "find": lambda store, cm, asked: store.find(cm.scope.partition, EntryFilter()),
    "ledger": lambda store, cm, asked: [
        store.ledger(cm.scope.partition, book) for book in ("prompts", "quotes", "receipts")
    ],
    "models": lambda store, cm, asked: store.models(cm.scope.partition),
    "pending": lambda store, cm, asked: store.pending(cm.scope.partition, cm.model(), 1000),
    "rows": lambda store, cm, asked: store.rows(cm.scope.partition, cm.model()),
    "sessions": lambda store, cm, asked: store.sessions(cm.scope.partition),
    "turns": lambda store, cm, asked: store.turns(cm.scope),
    "unconsolidated": lambda store, cm, asked: store.unconsolidated(cm.scope),
    "vectors": lambda store, cm, asked: store.vectors(cm.scope.partition, asked.ids, cm.model()),
    "version": lambda store, cm, asked: store.version(cm.scope.partition),
}
STORE_OTHER = {"apply", "close", "location", "partitions", "secret"}
"""`partitions` names those of all: it is for operators, and no method of a manager shows it."""


def uncovered() -> set[str]:
    """Public names that no table knows, as "Owner.name"."""
    with ContextManager() as cm:
        known = {
            "ContextManager": ({*MANAGER, *MANAGER_WRITES, *MANAGER_PARTS}, cm),
            "ShortTermMemory": ({*SHORT_TERM, *SHORT_TERM_OTHER}, ShortTermMemory()),
            "LongTermMemory": ({*LONG_TERM, *LONG_TERM_OTHER}, LongTermMemory()),
            "Store": ({*STORE, *STORE_OTHER}, StoreProtocol),
        }
        return {
            f"{owner}.{name}"
            for owner, (names, thing) in known.items()
            for name in dir(thing)
            if not name.startswith("_") and name not in names
        }


def everything_shown(cm: ContextManager, asked: Asked) -> str:
    """All that the manager of one scope shows, by every way of reading, as one text."""
    with Runner() as runner:
        asked.run = runner.run
        return "\n".join(read_all(cm, MANAGER, asked))


def read_all(thing: Any, table: dict[str, Reading], asked: Asked) -> Iterator[str]:
    """What each way of reading shows, as text that names the way."""
    for name, reading in table.items():
        yield f"{name}: {_shown(reading(thing, asked))}"


def read_store(cm: ContextManager, asked: Asked) -> Iterator[str]:
    """What the store shows of the manager's own partition."""
    for name, reading in STORE.items():
        yield f"store.{name}: {_shown(reading(cm.archive.store, cm, asked))}"


def raw_bytes(directory: Path) -> dict[str, bytes]:
    """Every file below a directory, logs and temporary files too."""
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def _exported(cm: ContextManager) -> str:
    """The text of an export, but the scope that it is of: that was the reader's own to ask with."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "export.jsonl"
        cm.export(path)
        return "\n".join(
            line for line in path.read_text().splitlines() if '"record":"partition"' not in line
        )


def _shown(value: Any) -> str:
    if isinstance(value, Iterator):
        return "\n".join(value)
    return repr(value)


def _each(read: Callable[[str], Any], ids: tuple[str, ...]) -> list[Any]:
    found = []
    for identifier in ids:
        try:
            found.append(read(identifier))
        except LookupError:
            continue
    return found

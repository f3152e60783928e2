"""What a large memory takes: resident bytes per entry, and the time to the first answer.

Each figure comes from a process of its own, so that nothing else is in it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.speed.corpus import Language, TableEmbedder, fill
from bench.speed.timing import Line, alternate
from context_manager import ContextManager

PAGE = resource.getpagesize()


def resident() -> int:
    """Bytes of this process that are in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


_RESIDENT = """
import sys
from bench.speed.corpus import TableEmbedder
from bench.speed.footprint import resident
from context_manager import ContextManager
cm = ContextManager.open(sys.argv[1])
cm.embedding_provider = TableEmbedder()
cm.scoped(user_id="nobody").build_context("warm up")
before = resident()
cm.build_context("What was said?")
print(resident() - before)
"""

_FIRST_ANSWER = """
import sys, time
from bench.speed.corpus import TableEmbedder
from context_manager import ContextManager
embedder = TableEmbedder()
cm = ContextManager.open(sys.argv[1])
cm.embedding_provider = embedder
cm.scoped(user_id="nobody").build_context("warm up")
cm.close()
began = time.perf_counter()
cm = ContextManager.open(sys.argv[1])
cm.embedding_provider = embedder
cm.build_context("What was said?")
print(time.perf_counter() - began)
"""

_BARE_READ = """
import sys, time, apsw
began = time.perf_counter()
connection = apsw.Connection(sys.argv[1])
rows = list(connection.execute(
    "SELECT e.*, p.*, v.data FROM entries AS e"
    " JOIN passages AS p ON p.partition = e.partition AND p.entry = e.key"
    " LEFT JOIN vectors AS v ON v.partition = e.partition AND v.entry = e.key"
))
print(time.perf_counter() - began)
"""


def of_one_scope(folder: Path, size: int) -> Iterator[Line]:
    """Resident bytes per entry, and opening a file up to its first answer."""
    file = folder / "footprint.db"
    language, embedder = Language(), TableEmbedder()
    with ContextManager.open(file) as cm:
        cm.embedding_provider = embedder
        fill(cm, [language.message() for _ in range(size)], embedder)
    each = _figure(_RESIDENT, file) / size
    what = f"resident bytes per entry at {size:,} entries, to 4,096"
    yield Line(what, f"{each:.0f} B", "4096 B", each / 4096, 1.0)
    opened = min(_figure(_FIRST_ANSWER, file) for _ in range(3))
    read = min(_figure(_BARE_READ, file) for _ in range(3))
    what = f"opening {size:,} entries up to the first answer, to reading the rows bare"
    yield Line(what, f"{opened:.2f} s", f"{read:.2f} s", opened / read, 2.0)


_COLD_EMBEDDING = """
from context_manager.embedding.provider import EmbeddingProvider
EmbeddingProvider().embed_single("What was said?")
"""


def of_the_command(folder: Path, rounds: int = 5) -> Iterator[Line]:
    """A cold command on a small file, to a process that embeds one text.

    Both with their modules compiled, as an installer leaves them.
    """
    file, language = folder / "small.db", Language()
    with ContextManager.open(file) as cm:
        cm.observe_batch([(language.message(), language.message()) for _ in range(50)])
    command = [
        sys.executable, "-m", "context_manager", "--db", str(file), "context", "What was said?",
    ]  # fmt: skip
    compiled = {key: kept for key, kept in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}

    def run(line: list[str]) -> None:
        subprocess.run(line, check=True, capture_output=True, env=compiled)

    bare_command = [sys.executable, "-c", _COLD_EMBEDDING]
    found = alternate(
        range(rounds + 1), lambda _: run(command), lambda _: run(bare_command), warm=1
    )
    ours, bare = (min(times.seconds) for times in found)
    what = "a cold `context-manager context`, to a process that embeds one text"
    yield Line(what, f"{ours:.2f} s", f"{bare:.2f} s", ours / bare, 2.0)


def _figure(code: str, file: Path) -> float:
    child = subprocess.run(
        [sys.executable, "-c", code, str(file)], check=True, capture_output=True, text=True
    )
    return float(child.stdout)

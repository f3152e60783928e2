"""A long, dirty chat replayed line by line: is every prompt within its budget, and memory bounded?

Prompts are counted anew, by a counter of their own. The figures come from a process of its own, so
that nothing else is in them.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.speed.corpus import TableEmbedder
from bench.speed.footprint import resident
from bench.speed.timing import Line
from context_manager import ContextManager, TurnInput
from context_manager.records import Message
from context_manager.tokens import TokenCounter

SESSION = 2000
PORTION = 1000
_SAID = re.compile(r"^\[\d\d:\d\d\] <([^>]+)> (.*)$")


def replayed(chat: Path, folder: Path) -> Iterator[Line]:
    """Both figures, for a file of lines ``[12:18] <name> text``."""
    child = subprocess.run(
        [sys.executable, "-m", "bench.speed.replay", str(chat), str(folder / "replay.db")],
        check=True,
        capture_output=True,
        text=True,
    )
    lines, prompts, fullest, each = map(float, child.stdout.split())
    what = f"fullest of {prompts:,.0f} prompts over {lines:,.0f} lines of chat, to its budget"
    yield Line(what, f"{fullest:.4f}", "1", fullest, 1.0)
    what = f"resident bytes per entry after {lines:,.0f} lines of chat, to 4,096"
    yield Line(what, f"{each:.0f} B", "4096 B", each / 4096, 1.0)


def said(chat: Path) -> Iterator[tuple[str, str]]:
    """Who said what, without what says nothing."""
    with gzip.open(chat, "rt", encoding="utf-8", errors="replace") as file:
        for line in file:
            match = _SAID.match(line)
            if match and match[2].strip():
                yield match[1], match[2]


def _replay(chat: Path, store: Path) -> str:
    embedder, count = TableEmbedder(), TokenCounter().count_tokens
    embedder.embed(["warm up"])
    total, prompts, fullest = 0, 0, 0.0
    with ContextManager.open(store) as cm:
        cm.embedding_provider = embedder
        cm.scoped(user_id="nobody").build_context("warm up")
        before, lines = resident(), said(chat)
        while portion := list(islice(lines, PORTION)):
            cm.observe_batch(
                TurnInput((Message("user", text, name=name),), f"s-{(total + at) // SESSION}")
                for at, (name, text) in enumerate(portion)
            )
            total += len(portion)
            prompt = cm.scoped(session_id=f"s-{(total - 1) // SESSION}").build_context(
                portion[-1][1]
            )
            budget = cm.config.memory.prompt_token_budget
            prompts, fullest = prompts + 1, max(fullest, count(prompt) / budget)
        each = (resident() - before) / total
    return f"{total} {prompts} {fullest} {each}"


if __name__ == "__main__":
    sys.stdout.write(_replay(Path(sys.argv[1]), Path(sys.argv[2])))

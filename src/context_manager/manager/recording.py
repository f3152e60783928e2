"""Recorded prompts: what is written down of them, and what of it goes when something is forgotten.

Decides the two books of the ledger: a recipe per prompt, which holds no text, and quotes, the
texts that stand nowhere else (inputs). It builds no prompt.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from context_manager.records import MemoryEntry

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

PROMPTS = "prompts"
QUOTES = "quotes"

TELLING = 8
"""Characters from which on a text that occurs in another one is taken to tell of it."""


def strikes(cm: ContextManager, gone: Iterable[MemoryEntry]) -> tuple[tuple[str, str], ...]:
    """The quotes that hold a forgotten text, or are a part of one."""
    quotes = cm.archive.store.ledger(cm.scope.partition, QUOTES)
    if not quotes:
        return ()
    texts = {_folded(entry.text) for entry in gone}
    return tuple((QUOTES, line.name) for line in quotes if _tells_of_any(_folded(line.body), texts))


def count(cm: ContextManager) -> int:
    """How many inputs are written down."""
    return len(cm.archive.store.ledger(cm.scope.partition, QUOTES))


def _tells_of_any(quote: str, texts: set[str]) -> bool:
    if quote in texts:
        return True
    return any(
        (len(text) >= TELLING and text in quote) or (len(quote) >= TELLING and quote in text)
        for text in texts
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())

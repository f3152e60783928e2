"""What a format is: a name, how its files are recognised, and how they become turns.

This file decides the shape of a format; each format is a file of its own beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from context_manager.importing.chat_message import LONGEST_NAME
from context_manager.importing.source import Place, Source
from context_manager.importing.turn import ImportedTurn
from context_manager.records.message import clean_text


@dataclass(frozen=True, slots=True)
class Origin:
    """What turns are called where their file does not say it.

    Args:
        session_id: The session of messages that name none: the file's name without its ending.
        metadata: The metadata of every turn: ``source`` and ``format``.
        skipped: How often what was passed over, in words; it grows while the file is read.
    """

    session_id: str
    metadata: Mapping[str, Any]
    skipped: Counter[str] = field(default_factory=Counter, compare=False)

    def skip(self, what: str, times: int = 1) -> None:
        """Take note of something that is passed over.

        Args:
            what: In the plural, e.g. "messages without a text".
            times: How many.
        """
        self.skipped[what] += times

    @classmethod
    def of(cls, source: Source, format_name: str) -> Origin:
        """The origin of what stands in ``source``."""
        stem = clean_text(source.path.stem)[:LONGEST_NAME]
        return cls(stem, {"source": source_name(source.path), "format": format_name})


def source_name(path: str | Path) -> str:
    """What the metadata of imported turns and messages call a file: its name without folders."""
    return clean_text(Path(path).name)


@dataclass(frozen=True, slots=True)
class DocumentFormat:
    """A format whose file is one JSON value.

    Args:
        name: What the caller writes to choose it.
        about: What it holds, in a few words.
        fits: Whether a JSON value is of this format.
        read: Its turns, in order.
    """

    name: str
    about: str
    fits: Callable[[Any], bool]
    read: Callable[[Any, Place, Origin], Iterator[ImportedTurn]]


@dataclass(frozen=True, slots=True)
class LineFormat:
    """A format whose file is read line by line, however long it is.

    Args:
        name, about: As for `DocumentFormat`.
        fits: Whether the first lines that are not blank (up to two) are of this format.
        read: Its turns, in order.
    """

    name: str
    about: str
    fits: Callable[[Sequence[str]], bool]
    read: Callable[[Source, Origin], Iterator[ImportedTurn]]


Format = DocumentFormat | LineFormat

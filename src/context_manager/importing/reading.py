"""From a path to turns: which format a file has, and that all of it can be read before any is used.

This file decides detection and the order of the work. It knows the formats only by their table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from context_manager.errors import InputError
from context_manager.importing import (
    beam,
    chatgpt,
    claude,
    knowledge_graph,
    langchain,
    letta,
    locomo,
    mem0,
    messages_json,
    messages_jsonl,
    plain_text,
)
from context_manager.importing.formats import DocumentFormat, Format, LineFormat, Origin
from context_manager.importing.source import Place, Source, open_source
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message
from context_manager.records.message import UNDATED

FORMATS: tuple[Format, ...] = (
    locomo.FORMAT,
    beam.FORMAT,
    chatgpt.FORMAT,
    claude.FORMAT,
    mem0.FORMAT,
    letta.FORMAT,
    langchain.FORMAT,
    knowledge_graph.FORMAT,
    messages_json.FORMAT,
    messages_jsonl.FORMAT,
    plain_text.FORMAT,
)
"""Every format, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file that has been read to its end and found good. Iterate over it for its turns.

    A file of lines is read anew by each iteration, so that it need not fit into memory.

    Args:
        path: The file as the caller named it.
        format: Name of its format.
        turns: How many turns it holds.
        messages: How many messages they hold.
        conversations: Whose chats they are, in order of appearance; ("",) where it does not say.
        sessions: How many sessions they belong to.
        first, last: Earliest and latest time, seconds since 1970 (UTC); None without times.
        notes: How many of the turns are memories that nobody said.
        skipped: What was passed over and how often, by the reason.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "chat.txt")
        >>> _ = path.write_text("Ada: My train leaves at nine.\\nBo: I will drive you.\\n")
        >>> [turn.messages[0].name for turn in read(path)]
        ['Ada', 'Bo']
    """

    path: str
    format: str
    turns: int
    messages: int
    conversations: tuple[str, ...]
    sessions: int
    first: float | None
    last: float | None
    notes: int
    skipped: Mapping[str, int]
    _content: Iterable[ImportedTurn] = field(repr=False, compare=False)

    def __iter__(self) -> Iterator[ImportedTurn]:
        return iter(self._content)

    def __len__(self) -> int:
        return self.turns


def read(path: str | Path, format: str = "auto") -> ImportFile:
    """Read a file of chats to its end, so that a fault in it is found before any use of it.

    Args:
        path: The file.
        format: "auto" tells the format by the content; otherwise a name of `FORMATS`.

    Raises:
        ImportFormatError: The file cannot be read, is of no known format, is damaged, or holds
            no message; the message names file, line and remedy.
        InputError: No such format.
    """
    if format != "auto" and format not in {known.name for known in FORMATS}:
        names = ", ".join(known.name for known in FORMATS)
        raise InputError(f"unknown format {format!r}; write auto, {names}")
    source = open_source(path)
    if next(_spoken_lines(source), None) is None:
        raise source.place.error("is blank; nothing was imported")
    chosen, content, skipped = _content(source, format)
    return _counted(source, chosen.name, content, skipped)


def _content(source: Source, name: str) -> tuple[Format, Iterable[ImportedTurn], Counter[str]]:
    lines = _line_format(source, name)
    if lines is not None:
        by_line = _LineByLine(source, lines)
        return lines, by_line, by_line.skipped
    value, place = source.document()
    chosen = _document_format(value, name, source.place)
    origin = Origin.of(source, chosen.name)
    return chosen, tuple(_sourced(chosen.read(value, place, origin))), origin.skipped


def _line_format(source: Source, name: str) -> LineFormat | None:
    head = [line for _, line in islice(_spoken_lines(source), 2)]
    for known in FORMATS:
        if isinstance(known, LineFormat) and (known.name == name or _auto(name, known, head)):
            return known
    return None


def _auto(name: str, known: LineFormat, head: list[str]) -> bool:
    return name == "auto" and known.fits(head)


def _document_format(value: object, name: str, place: Place) -> DocumentFormat:
    documents = [known for known in FORMATS if isinstance(known, DocumentFormat)]
    for known in documents:
        if known.name == name or (name == "auto" and known.fits(value)):
            return known
    kinds = "; ".join(f"{known.name} ({known.about})" for known in documents)
    raise place.error(f"holds JSON, but no chat of a known format: {kinds}")


def _spoken_lines(source: Source) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in source.lines() if line.strip())


@dataclass(frozen=True, slots=True)
class _LineByLine:
    source: Source
    format: LineFormat
    skipped: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[ImportedTurn]:
        self.skipped.clear()
        origin = replace(Origin.of(self.source, self.format.name), skipped=self.skipped)
        return _sourced(self.format.read(self.source, origin))


def _sourced(turns: Iterable[ImportedTurn]) -> Iterator[ImportedTurn]:
    """The turns with what each message must tell by itself, for it is what is found again: the
    name of its file, and whether the file does not say when it was said.
    """
    for turn in turns:
        source = {"source": turn.metadata["source"]}
        messages = (
            replace(said, metadata={**source, **_undated(turn, said), **said.metadata})
            for said in turn.messages
        )
        yield replace(turn, messages=tuple(messages))


def _undated(turn: ImportedTurn, said: Message) -> Mapping[str, bool]:
    return {UNDATED: True} if turn.timestamp is None and said.timestamp is None else {}


def _counted(
    source: Source, name: str, content: Iterable[ImportedTurn], skipped: Counter[str]
) -> ImportFile:
    turns = messages = notes = 0
    conversations: dict[str, None] = {}
    sessions: set[tuple[str, str]] = set()
    first: float | None = None
    last: float | None = None
    for turn in content:
        turns += 1
        notes += turn.note
        messages += len(turn.messages)
        conversations[turn.conversation_id] = None
        sessions.add((turn.conversation_id, turn.session_id))
        times = [m.timestamp for m in turn.messages if m.timestamp is not None]
        first = min((t for t in (first, *times) if t is not None), default=None)
        last = max((t for t in (last, *times) if t is not None), default=None)
    if not turns:
        raise source.place.error("holds no messages; nothing was imported")
    return ImportFile(
        str(source.path),
        name,
        turns,
        messages,
        tuple(conversations),
        len(sessions),
        first,
        last,
        notes,
        dict(skipped),
        content,
    )

"""Routes that move memory out and in, as lines of JSON.

Decides that an export shows one state and is sent line by line, and that nothing of an import is
stored before all of it was found good. What stands in a line is the importer's and the export's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from context_manager.errors import ImportFormatError
from context_manager.importing import ImportedTurn, ImportFile, as_one_user, read
from context_manager.manager import exporting, importing
from context_manager.manager.observing import TurnInput
from context_manager.records import Trust, limited
from context_manager.service.bringing import is_export, portion_in
from context_manager.service.models.answers import ImportResponse
from context_manager.service.wire import LINES, Stream

if TYPE_CHECKING:
    from context_manager.manager import ContextManager
    from context_manager.service.calls import Call

PAGE = 500
"""Lines sent, or turns stored, at once."""
FORMAT = "messages-jsonl"
FILE = "import.jsonl"


def export(call: Call) -> Stream:
    """All memory of the user with its provenance, one record per line; `/import` reads it."""
    return Stream(_paged(exporting.lines(call.memory)), LINES)


def import_(call: Call) -> ImportResponse:
    """Remember chats, one message or one chat per line, or what `/export` wrote."""
    with tempfile.TemporaryDirectory(prefix="context-manager-") as folder:
        path = Path(folder, FILE)
        path.write_bytes(call.body)
        try:
            return _adopted(call, path) if is_export(path) else _remembered(call, path)
        except ImportFormatError as error:
            raise ImportFormatError(str(error).replace(str(path), "body")) from None


def _adopted(call: Call, path: Path) -> ImportResponse:
    portion = portion_in(path)
    done = importing.adopt(call.memory, portion, call.trust)
    sessions = {said["session_id"] for turn in portion.turns for said in turn["messages"]}
    return ImportResponse(
        turns=done.turns,
        messages=sum(len(turn["messages"]) for turn in portion.turns),
        sessions=len(sessions),
        entries=done.entries,
        present=done.present,
        forgotten=done.forgotten,
    )


def _remembered(call: Call, path: Path) -> ImportResponse:
    found = read(path, FORMAT)
    _store(call.memory, found)
    return ImportResponse(
        turns=found.turns,
        messages=found.messages,
        sessions=found.sessions,
        entries=found.messages,
        present=0,
        forgotten=0,
    )


def _store(memory: ContextManager, found: ImportFile) -> None:
    turns = as_one_user(found)
    while portion := list(islice(turns, PAGE)):
        memory.observe_batch(_as_guest(turn) for turn in portion)


def _as_guest(turn: ImportedTurn) -> TurnInput:
    """A file cannot speak as the operator of this application, whatever its roles say."""
    said = limited(turn.messages, Trust.USER)
    return TurnInput(said, turn.session_id, turn.timestamp, turn.metadata)


def _paged(lines: Iterator[bytes]) -> Iterator[bytes]:
    while page := b"".join(islice(lines, PAGE)):
        yield page

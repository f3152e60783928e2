"""Routes that move memory out and in, as lines of JSON.

Decides that an export is sent page by page while it is read, and that nothing of an import is
stored before all of it was found good. What a line of a chat may say is the importer's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from context_manager.errors import ImportFormatError
from context_manager.importing import ImportedTurn, ImportFile, as_one_user, read
from context_manager.manager.observing import TurnInput
from context_manager.records import Trust, limited
from context_manager.service.models.answers import ImportResponse
from context_manager.service.models.memory_answers import MemoryOut
from context_manager.service.wire import LINES, Stream
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.manager import ContextManager
    from context_manager.service.calls import Call

PAGE = 500
"""Memories read, or turns stored, at once."""
FORMAT = "messages-jsonl"
FILE = "import.jsonl"


def export(call: Call) -> Stream:
    """All memory of the user, one memory per line, oldest first."""
    return Stream(_lines(call.memory), LINES)


def import_(call: Call) -> ImportResponse:
    """Remember chats: one message or one chat per line."""
    with tempfile.TemporaryDirectory(prefix="context-manager-") as folder:
        path = Path(folder, FILE)
        path.write_bytes(call.body)
        try:
            found = read(path, FORMAT)
        except ImportFormatError as error:
            raise ImportFormatError(str(error).replace(str(path), "body")) from None
        _store(call.memory, found)
    return ImportResponse(turns=found.turns, messages=found.messages, sessions=found.sessions)


def _store(memory: ContextManager, found: ImportFile) -> None:
    turns = as_one_user(found)
    while portion := list(islice(turns, PAGE)):
        memory.observe_batch(_as_guest(turn) for turn in portion)


def _as_guest(turn: ImportedTurn) -> TurnInput:
    """A file cannot speak as the operator of this application, whatever its roles say."""
    said = limited(turn.messages, Trust.USER)
    return TurnInput(said, turn.session_id, turn.timestamp, turn.metadata)


def _lines(memory: ContextManager) -> Iterator[bytes]:
    after = 0
    while True:
        page = memory.archive.store.find(
            memory.scope.partition, EntryFilter(), after=after, limit=PAGE
        )
        if page:
            yield b"".join(MemoryOut.of(e).model_dump_json().encode() + b"\n" for _, e in page)
        if len(page) < PAGE:
            return
        after = page[-1][0]

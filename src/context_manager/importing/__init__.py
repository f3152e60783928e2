"""Chats from files: each format is parsed into turns, wholly, before anything is kept of it.

Pure parsing: nothing here knows a manager or a store. `read` is the only way in.
"""

from context_manager.importing.formats import source_name
from context_manager.importing.reading import FORMATS, ImportFile, read
from context_manager.importing.times import parse_time
from context_manager.importing.turn import ImportedTurn, as_one_user

__all__ = [
    "FORMATS",
    "ImportFile",
    "ImportedTurn",
    "as_one_user",
    "parse_time",
    "read",
    "source_name",
]

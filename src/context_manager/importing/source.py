"""The file at the door: is it there, is it text, and where in it does a fault lie.

This file decides what may be read at all and how a fault is worded (file, line, what, how to mend
it). It knows no format: it hands out lines, or one JSON document.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import JSONDecoder
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from context_manager.errors import ImportFormatError
from context_manager.importing.locating import line_of

Step = str | int

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it with gunzip first"),
    (b"PK\x03\x04", "is a zip archive; unpack it first and import the files in it"),
    (b"SQLite format 3\0", "is a SQLite database; open a store with --db instead of importing it"),
    (b"%PDF", "is a PDF; only text files can be imported"),
    (b"\xff\xfe", "is UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16 text; save it as UTF-8"),
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, for the error that names it.

    Args:
        file: The file as the caller named it.
        line: Its line, counted from 1; None where `document` and `path` tell it.
        document: The whole JSON text that `path` leads into.
        path: Keys and indices that lead to the value.
    """

    file: str
    line: int | None = None
    document: str | None = None
    path: tuple[Step, ...] = ()

    def inside(self, *steps: Step) -> Place:
        """The place of a value inside this one."""
        return Place(self.file, self.line, self.document, (*self.path, *steps))

    def error(self, what: str) -> ImportFormatError:
        """The error to raise here; ``what`` says what is wrong and how to mend it."""
        line = self.line
        if line is None and self.document is not None:
            line = line_of(self.document, self.path)
        name = "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path
        ).removeprefix(".")
        where = f"{self.file}, line {line}" if line else self.file
        return ImportFormatError(f"{where}: {name} {what}" if name else f"{where}: {what}")


@dataclass(frozen=True, slots=True)
class Source:
    """A readable text file of known size.

    What is appended later is not read, so that a second pass sees what the first one checked.

    Args:
        path: Where it lies.
        size: Bytes of it that are read.
    """

    path: Path
    size: int

    @property
    def place(self) -> Place:
        """The file as a whole."""
        return Place(str(self.path))

    def at(self, line: int) -> Place:
        """A line of the file, counted from 1."""
        return Place(str(self.path), line)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Each line with its number from 1, without its end; a byte order mark is dropped.

        Raises:
            ImportFormatError: A line is not UTF-8 text.
        """
        left = self.size
        with _opened(self.path) as file:
            for number, raw in enumerate(file, start=1):
                raw = raw[:left]
                left -= len(raw)
                if number == 1:
                    raw = raw.removeprefix(_BYTE_ORDER_MARK)
                yield number, self._text(raw.rstrip(b"\r\n"), number)
                if left <= 0:
                    return

    def document(self) -> tuple[Any, Place]:
        """The whole file as one JSON value, and the place that leads into it.

        Raises:
            ImportFormatError: It is not one whole JSON value.
        """
        with _opened(self.path) as file:
            raw = file.read(self.size)
        text = self._text(raw.removeprefix(_BYTE_ORDER_MARK), 1)
        return parse_json(text, Place(str(self.path))), Place(str(self.path), document=text)

    def _text(self, raw: bytes, line: int) -> str:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            at = self.at(line + raw.count(b"\n", 0, error.start))
            raise at.error(
                f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
            ) from error
        if "\0" in text:
            at = self.at(line + text.count("\n", 0, text.index("\0")))
            raise at.error("holds a NUL byte, so this is no text file; only text can be imported")
        return text


def open_source(path: str | Path) -> Source:
    """The file at ``path``, if it can be read as text at all.

    Raises:
        ImportFormatError: It is missing, not a regular file, unreadable, empty, or visibly binary.
    """
    path = Path(path)
    place = Place(str(path))
    mode, size = _status(path)
    if stat.S_ISDIR(mode):
        raise place.error(f"is a directory; name its files, such as {path}/*.json")
    if not stat.S_ISREG(mode):
        raise place.error("is not a regular file; write its content to a file first")
    with _opened(path) as file:
        head = file.read(64)
    if not head.removeprefix(_BYTE_ORDER_MARK):
        raise place.error("is empty; nothing was imported")
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise place.error(what)
    return Source(path, size)


def parse_json(text: str, place: Place) -> Any:
    """``text`` as one JSON value.

    Raises:
        ImportFormatError: It is none, with the line of the fault.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _fault(error, place) from error
    except RecursionError as error:
        raise place.error("is nested too deeply to be read") from error
    except ValueError as error:
        raise place.error(f"is not valid JSON ({error})") from error


def _fault(error: json.JSONDecodeError, place: Place) -> ImportFormatError:
    # A fault at the very end, or a string that never ends, is what a cut-off write leaves behind.
    end = len(error.doc.rstrip())
    cut = error.pos >= end or error.msg.startswith("Unterminated string")
    line = (place.line or 1) + error.doc.count("\n", 0, min(error.pos, end))
    at = Place(place.file, line)
    if cut:
        return at.error("the JSON breaks off (half a line?); complete it or delete that part")
    return at.error(f"is not valid JSON at column {error.colno}: {error.msg}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = JSONDecoder(parse_constant=_no_constant)


def _status(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return status.st_mode, status.st_size


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


_REASONS: dict[type[Exception], str] = {
    FileNotFoundError: "does not exist; check the name",
    PermissionError: "cannot be read: permission denied",
}


def _unreadable(path: Path, error: Exception) -> ImportFormatError:
    what = _REASONS.get(type(error)) or f"cannot be read: {error}"
    return Place(str(path)).error(what)

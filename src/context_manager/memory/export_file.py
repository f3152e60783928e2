"""The frame of an export file: header, records, and a last line that shows it is whole.

Decides how a file is written so that nobody finds half of one, and how it is read and checked to
its end before anything of it is used. What a record holds is `portable`'s.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from context_manager.errors import ImportFormatError, InputError, StoreError
from context_manager.memory.erasures import TOMBSTONES
from context_manager.memory.portable import FORMAT, VERSION, Record, entries_of, partition_of
from context_manager.records import Partition

_KINDS = ("header", "partition", "turn", "entry", "line", "end")
_ANYBODY = Partition("x", "x", "x")


@dataclass(frozen=True, slots=True)
class Portion:
    """What a file holds of one partition.

    Args:
        header: The file's.
        partition: Whose it is.
        change: How many changes the partition had seen when it was written.
        turns, entries, lines: Its records.
    """

    header: Record
    partition: Partition
    change: int
    turns: list[Record] = field(default_factory=list)
    entries: list[Record] = field(default_factory=list)
    lines: list[Record] = field(default_factory=list)


def write(path: Path, records: Iterable[Record], at: float, store: str) -> int:
    """Write records between a header and a last line; the file appears when it is whole.

    Args:
        path: The file; readable by its owner only.
        records: What `partition_records` gives, of any number of partitions.
        at: The present, seconds since 1970.
        store: Names the store that they are from.

    Returns:
        Bytes written.

    Raises:
        InputError: The file exists already.
        StoreError: It cannot be written.
    """
    if path.exists():
        raise InputError(f"{path} exists already; choose another name or remove it first")
    part: Path | None = None
    try:
        # A name of its own: one that was cut off must not be in the way of the next.
        handle, name = mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.absolute().parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.writelines(lines(records, at, store))
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return size


def lines(records: Iterable[Record], at: float, store: str) -> Iterator[bytes]:
    """The lines of a file, from its header to the one that shows that it is whole.

    Args:
        records, at, store: As for `write`.
    """
    header = {"record": "header", "format": FORMAT, "version": VERSION, "at": at, "store": store}
    hashed, number = blake2b(digest_size=16), 0
    for number, record in enumerate((header, *records), start=1):  # noqa: B007 - used behind it
        line = _line(record)
        hashed.update(line)
        yield line
    yield _line({"record": "end", "lines": number, "digest": hashed.hexdigest()})


def check(path: Path) -> Record:
    """Read an export to its end.

    Returns:
        Its header.

    Raises:
        ImportFormatError: It is none, of a newer version, damaged or truncated; names the line.
    """
    hashed = blake2b(digest_size=16)
    number, header, before, end = 0, None, b"", {}
    for number, line, record in _lines(path):
        hashed.update(before)
        before, end = line, record
        if number == 1:
            header = _checked_header(path, record)
        elif record["record"] in ("turn", "entry"):
            _check_record(path, number, record)
    if header is None:
        raise ImportFormatError(f"{path}: the file is empty")
    if end["record"] != "end" or end.get("lines") != number - 1:
        raise ImportFormatError(f"{path}: the file is truncated after line {number}")
    if end.get("digest") != hashed.hexdigest():
        raise ImportFormatError(f"{path}: the file was altered; its hash does not fit")
    return header


def portions(path: Path) -> Iterator[Portion]:
    """What a checked file holds, partition by partition."""
    header: Record = {}
    portion: Portion | None = None
    for _, _, record in _lines(path):
        kind = record["record"]
        if kind == "header":
            header = record
        elif kind in ("partition", "end"):
            if portion is not None:
                yield portion
            if kind == "partition":
                portion = Portion(header, partition_of(record), int(record["change"]))
        elif portion is not None:
            {"turn": portion.turns, "entry": portion.entries, "line": portion.lines}[kind].append(
                record
            )


def check_places(path: Path, portion: Portion) -> None:
    """Refuse a place in a session that none had: each place before was a turn, here or forgotten.

    So what fills the gaps between the turns of a file is never more than the file itself.

    Raises:
        ImportFormatError: The ``seq`` of a turn is no such place; names the turn.
    """
    forgotten = sum(line.get("book") == TOMBSTONES for line in portion.lines)
    places = range(len(portion.turns) + forgotten)
    for turn in portion.turns:
        seq = turn.get("seq")
        if type(seq) is not int or seq not in places:
            raise ImportFormatError(
                f"{path}: turn {turn['id']!r} has seq {seq!r}, but the file knows of only "
                f"{len(portion.turns):,} turns and {forgotten:,} things forgotten"
            )


def _line(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _lines(path: Path) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield number, line, _record(path, number, line)
    except OSError as error:
        raise ImportFormatError(f"{path}: {error.strerror or error}") from error


def _record(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ImportFormatError(f"{path}: line {number} is no JSON ({error})") from error
    if not isinstance(record, dict) or record.get("record") not in _KINDS:
        raise ImportFormatError(f"{path}: line {number} is no record of an export")
    return record


def _check_record(path: Path, number: int, record: Record) -> None:
    try:
        entries_of(record, _ANYBODY)
    except (ImportFormatError, KeyError, TypeError) as error:
        raise ImportFormatError(f"{path}: line {number}: {error}") from error


def _checked_header(path: Path, record: Record) -> Record:
    if record.get("format") != FORMAT:
        raise ImportFormatError(f"{path}: not an export of context-manager")
    if record.get("version") != VERSION:
        raise ImportFormatError(
            f"{path}: the export has version {record.get('version')!r}, this program knows "
            f"{VERSION}; install a newer context-manager"
        )
    return record

"""The unused middle of B-tree pages, where SQLite leaves copies of rows it moved.

``secure_delete`` zeroes a row where it lies, but not the copies that balancing left behind in the
gap between a page's cell pointers and its cells; they would outlive the row. This file finds those
gaps and zeroes them in the file. It decides nothing about locks: whoever calls `zero_gaps` holds
the write lock of an SQLite file whose write-ahead log is empty. The gap means nothing to SQLite, so
readers may go on meanwhile.

The layout is that of https://www.sqlite.org/fileformat2.html#b_tree_pages.
"""

from __future__ import annotations

from typing import Protocol

_TREE_HEADERS = {2: 12, 5: 12, 10: 8, 13: 8}
"""Bytes of the header by page type: interior and leaf, of indexes and of tables."""

_FILE_HEADER = 100
_CHUNK_PAGES = 1024

MAX_PAGES = 2 << 24
"""From here on the page number that starts an overflow page could look like a page type."""


class File(Protocol):
    """The part of `apsw.VFSFile` that is needed here."""

    def xRead(self, amount: int, offset: int, /) -> bytes: ...
    def xWrite(self, data: bytes, offset: int, /) -> None: ...
    def xFileSize(self) -> int: ...


def gap_of(page: bytes, header_at: int) -> tuple[int, int]:
    """First byte of the gap and one past its last; (0, 0) of a page that is no B-tree page.

    Args:
        page: The page, whole.
        header_at: Where its header starts: 100 on the first page of the file, else 0.
    """
    header = _TREE_HEADERS.get(page[header_at])
    if header is None:
        return 0, 0
    cells = int.from_bytes(page[header_at + 3 : header_at + 5], "big")
    stop = int.from_bytes(page[header_at + 5 : header_at + 7], "big") or 65_536
    start = header_at + header + 2 * cells
    return (start, stop) if start < stop <= len(page) else (0, 0)


def zero_gaps(file: File) -> int:
    """Overwrite every gap that holds anything but zeros; how many there were."""
    size = int.from_bytes(file.xRead(18, 0)[16:18], "big")
    size = 65_536 if size == 1 else size
    pages = file.xFileSize() // size
    if pages >= MAX_PAGES:
        raise ValueError(f"{pages} pages are too many to tell their types apart")
    zeros, found = bytes(size), 0
    for first in range(0, pages, _CHUNK_PAGES):
        chunk = file.xRead(min(_CHUNK_PAGES, pages - first) * size, first * size)
        for place in range(0, len(chunk), size):
            page = chunk[place : place + size]
            offset = first * size + place
            start, stop = gap_of(page, 0 if offset else _FILE_HEADER)
            if page[start:stop] != zeros[: stop - start]:
                file.xWrite(zeros[: stop - start], offset + start)
                found += 1
    return found

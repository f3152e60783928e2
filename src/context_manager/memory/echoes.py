"""Recognises text of our own prompts when it comes back as something said.

What we put into a prompt returns in many ways: an application observes the whole prompt instead of
the input, a framework hands back its message list, a model repeats what it was shown. Stored again
it would be found again, shown again and grow. This file decides which lines of a message are such
echoes; it keeps hashes of the lines shown lately, with Python's key of this process, and no text.

Lines that stand in the prompt's own frame are an echo wherever they occur. A line shown as
"Speaker: text" outside of the frame is one only where somebody else than the user said it: what a
user says is never dropped.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from context_manager.context import Packed
from context_manager.context.fence import CLOSE, HEADINGS, OPEN, unescape
from context_manager.forks import ForkSafeLock
from context_manager.generations import Generations
from context_manager.records import Partition

LINES = 4096
"""Latest lines remembered of each partition at least; about so many older ones may be, too."""

PARTITIONS = 64

TELLING = 24
"""Characters that a line outside of the frame must have to be an echo by itself."""

ITEM_LINES = 64
"""Lines of a stored text that are looked for in a prompt of another process: what is looked up
grows with each line, so a long text that only looks like a prompt must not be tried whole."""

_INPUT = HEADINGS["input"]
_FRAME = frozenset({OPEN, CLOSE, *(text for name, text in HEADINGS.items() if name != "input")})
_QUOTING = "> \t-*•"

FindText = Callable[[str], str | None]
"""The id of an entry with this text, if there is one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message really says.

    Args:
        text: Without the echoes; the whole text where there were none.
        entry_ids: The entries that the echoes repeat, as far as they are known.
        echoed: Whether anything was taken out.
    """

    text: str
    entry_ids: tuple[str, ...] = ()
    echoed: bool = False


_FRAMED: Final = "frame"
_MEMORY: Final = "memory"
_ASKED: Final = "input"


class _Shown(NamedTuple):
    kind: str
    spoken: bool = False
    entry_id: str | None = None


_Plain: TypeAlias = tuple[str, bool, str | None]
"""The same as a bare tuple, which a collection of garbage need not look into."""


class Echoes:
    """The lines that were shown lately, by partition. Safe between threads."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._partitions: OrderedDict[Partition, Generations[int, _Plain]] = OrderedDict()

    def show(self, partition: Partition, packed: Packed) -> None:
        """Remember the lines of a finished prompt."""
        fresh = _lines_of(packed)
        with self._lock:
            self._partitions.setdefault(partition, Generations(2 * LINES)).update(fresh)
            self._partitions.move_to_end(partition)
            while len(self._partitions) > PARTITIONS:
                self._partitions.popitem(last=False)

    def hear(
        self, partition: Partition, text: str, *, by_user: bool, find: FindText | None = None
    ) -> Heard:
        """What a message says besides its echoes.

        Args:
            partition: Whose memory was shown.
            text: The message.
            by_user: Whether the user said it: then only the prompt's frame and what stands in it
                is taken out.
            find: Finds stored texts, for prompts that another process has built.
        """
        lines = text.split("\n")
        shown = [self._shown(partition, line) for line in lines]
        if find is not None and any(known and known.kind is _FRAMED for known in shown):
            shown = _completed(lines, shown, find)
        if all(known is None or known.kind is _FRAMED for known in shown):
            return Heard(text)  # a heading alone is no prompt
        kept, repeated = _without_echoes(lines, shown, by_user)
        if kept == lines:
            return Heard(text)
        ids = dict.fromkeys(known.entry_id for known in repeated if known.entry_id)
        return Heard("\n".join(kept).strip("\n"), tuple(ids), echoed=True)

    def _shown(self, partition: Partition, line: str) -> _Shown | None:
        bare = _bare(line)
        if not bare:
            return None
        if bare in _FRAME:
            return _Shown(_FRAMED)
        with self._lock:  # what is asked for moves among the lines, while others may be shown
            lines = self._partitions.get(partition)
            known = lines.get(_hash(bare)) if lines else None
        return None if known is None else _Shown(*known)


def _hash(bare: str) -> int:
    """With a line end before it, as most lines of a prompt stand there already."""
    return hash(f"\n{bare}")


def _is_bare_line(part: str) -> bool:
    """Whether a part is a single line behind a line end, with nothing around it."""
    return part.count("\n") == 1 and part[1] not in _QUOTING and not part[-1].isspace()


def _lines_of(packed: Packed) -> dict[int, _Plain]:
    """What each line is, by the hash of the line without what quotes it."""
    found: dict[int, _Plain] = {}
    for piece, part in zip(packed.pieces, packed.parts, strict=True):
        if piece.section == "input":
            told = (_ASKED, False, None)
            asked = (_bare(line) for line in part.split("\n") if line.startswith(_INPUT))
            found.update((_hash(bare), told) for bare in asked)
            continue
        if part is piece.part and _is_bare_line(part):
            found[hash(part)] = _MEMORY, True, piece.entry_id
            continue
        head = f"{piece.speaker}: " if piece.speaker else ""
        for line in part.split("\n"):
            bare = _bare(line) if line else ""
            if bare and line not in _FRAME:
                spoken = bool(head) and line.startswith(head)
                found[_hash(bare)] = _MEMORY, spoken, piece.entry_id
    return found


def _without_echoes(
    lines: Sequence[str], shown: Sequence[_Shown | None], by_user: bool
) -> tuple[list[str], list[_Shown]]:
    """The lines that are no echo, and what the others repeat."""
    kept: list[str] = []
    repeated: list[_Shown] = []
    framed = quoted = False
    for place, (line, known) in enumerate(zip(lines, shown, strict=True)):
        if known is None:
            quoted = quoted and not line.strip()
            if line.strip() or not (framed or quoted):
                kept.append(line)
            continue
        framed = known.kind is _FRAMED or (framed and known.kind is _MEMORY)
        quoted = quoted or (not by_user and known.spoken and len(_bare(line)) >= TELLING)
        if known.kind is _ASKED:
            rest = lines[place + 1 :]  # the input is the prompt's last part, whatever it says
            return [*kept, _bare(line).removeprefix(_INPUT).strip(), *rest], repeated
        elif framed or quoted:
            repeated.append(known)
        else:
            kept.append(line)
    return kept, repeated


def _completed(
    lines: Sequence[str], shown: Sequence[_Shown | None], find: FindText
) -> list[_Shown | None]:
    """Also what another process has shown: stored texts between the frame's lines."""
    found = list(shown)
    inside = False
    start = 0
    for place, line in enumerate(lines):
        if found[place] is not None:
            inside = True
        elif line.startswith(_INPUT) and inside:
            found[place] = _Shown(_ASKED)
            return found
        elif inside and line.strip():
            start = place if _head(line) or found[place - 1] else start
            if place - start >= ITEM_LINES:
                continue
            entry_id = find(unescape(_said("\n".join(lines[start : place + 1]))))
            if entry_id is not None:
                for at in range(start, place + 1):
                    found[at] = _Shown(_MEMORY, entry_id=entry_id)
            elif line.startswith("[") and line.endswith("]"):
                found[place] = _Shown(_MEMORY)
    return found


def _head(line: str) -> str:
    """The speaker's name that a line begins with; "" for none."""
    name, colon, _ = line.partition(": ")
    return name if colon and len(name) <= 64 else ""


def _said(item: str) -> str:
    head = _head(item.split("\n", 1)[0])
    return item[len(head) + 2 :] if head else item


def _bare(line: str) -> str:
    return line.strip().lstrip(_QUOTING)

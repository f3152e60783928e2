"""Recorded prompts: what is written down of them, how they are rebuilt, and what of them goes.

Decides the two books of the ledger: a recipe per prompt, which refers to entries and holds no
text, and quotes, the texts that stand nowhere else (inputs, notes). Rebuilding renders the recipe
anew; where an entry or a quote was forgotten since there is a hole. It chooses no memories.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from context_manager.context import Packed, Piece, account
from context_manager.context.render import render
from context_manager.errors import ConflictError, NotFoundError, StoreError
from context_manager.manager.hearing import asked
from context_manager.memory.drafting import LABELS, label, new_id
from context_manager.memory.portable import PROMPTS, QUOTES
from context_manager.records import Context, MemoryEntry, Trust
from context_manager.records.message import ROLE_LABELS
from context_manager.store.protocol import Change, LedgerDraft
from context_manager.tokens import as_counter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

_log = logging.getLogger(__name__)

PREFIX = "ctx"

HOLE = "[forgotten]"
"""Stands in a rebuilt prompt where something was forgotten since."""

TELLING = 8
"""Characters from which on a text that occurs in another one is taken to tell of it."""

_FIXED = frozenset({"", *LABELS.values(), *ROLE_LABELS.values()})
_NAME = "@"
"""Stands in a recipe for the label of the entry: a speaker's name is content."""

_KEPT = ("section", "group", "reason", "score", "cut", "entry_id", "turn_id", "kind", "timestamp")
_TOLD = ("budget", "answerability", "covered", "degraded")


def kept(cm: ContextManager, packed: Packed, context: Context, epoch: int) -> Context | None:
    """The prompt with the id under which it was recorded; without one where that failed.

    Args:
        cm, packed, context: The manager, and the prompt.
        epoch: That of the memory before anything of the prompt was read.

    Returns:
        None where something was forgotten or altered since: it may stand in the prompt.
    """
    try:
        return replace(context, id=record(cm, packed, context, epoch))
    except ConflictError:
        return None
    except StoreError as error:
        _log.warning("recording a prompt failed with %s", type(error).__name__)
        return unrecorded(context)


def unrecorded(context: Context) -> Context:
    """A prompt that could not be recorded."""
    return replace(context, degraded=(*context.degraded, "record"))


def record(cm: ContextManager, packed: Packed, context: Context, epoch: int) -> str:
    """Write down how a prompt was made, if nothing was forgotten meanwhile.

    Returns:
        The id under which `replay` rebuilds it.
    """
    identifier = new_id(PREFIX)
    writer = _Writer(identifier)
    ids = [piece.entry_id for piece in packed.pieces if piece.entry_id]
    entries = {e.id: e for e in cm.archive.store.entries(cm.scope.partition, ids)}
    pieces = [_ingredient(cm, piece, entries, writer) for piece in packed.pieces]
    recipe = {
        "at": cm.clock(),
        "session_id": cm.scope.session_id,
        "task_id": cm.scope.task_id,
        "totals": packed.totals,
        "digest": _digest(cm, context.text),
        **{name: getattr(context, name) for name in _TOLD},
        "pieces": pieces,
    }
    lines = (LedgerDraft(PROMPTS, identifier, json.dumps(recipe)), *writer.quotes)
    cm.archive.apply(cm.scope.partition, Change(ledger=lines, expect_epoch=epoch))
    return identifier


def replay(cm: ContextManager, identifier: str) -> Context:
    """Rebuild a recorded prompt; see `ContextManager.replay`."""
    store, partition = cm.archive.store, cm.scope.partition
    found = store.ledger(partition, PROMPTS, [identifier])
    if not found:
        raise NotFoundError(f"no recorded prompt {identifier!r} in this scope")
    recipe = json.loads(found[0].body)
    ids = [piece["entry_id"] for piece in recipe["pieces"] if piece["entry_id"]]
    names = [name for piece in recipe["pieces"] for name in _quotes_of(piece)]
    shelf = _Shelf(
        {entry.id: entry for entry in store.entries(partition, ids)},
        {line.name: line.body for line in store.ledger(partition, QUOTES, names)},
    )
    pieces = [shelf.piece(ingredient) for ingredient in recipe["pieces"]]
    return _rebuilt(cm, identifier, recipe, pieces, shelf.holes)


def recorded(cm: ContextManager, last: int) -> list[tuple[str, float]]:
    """The newest recorded prompts, oldest first: id and time."""
    lines = cm.archive.store.ledger(cm.scope.partition, PROMPTS, limit=-max(1, last))
    return [(line.name, float(json.loads(line.body)["at"])) for line in lines]


def surplus(cm: ContextManager, most: int) -> list[str]:
    """The oldest recorded prompts beyond the number that is kept."""
    lines = cm.archive.store.ledger(cm.scope.partition, PROMPTS)
    return [line.name for line in lines[: max(0, len(lines) - most)]]


def strikes(
    cm: ContextManager, gone: Iterable[MemoryEntry], prompts: Sequence[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Lines to remove: quotes that tell of a forgotten text, and named prompts with their quotes.

    Args:
        cm: The manager.
        gone: What is forgotten.
        prompts: Ids of recorded prompts to be forgotten themselves.
    """
    store, partition = cm.archive.store, cm.scope.partition
    quotes = store.ledger(partition, QUOTES)
    texts = {_folded(entry.text) for entry in gone}
    struck = [
        (QUOTES, line.name)
        for line in quotes
        if line.name.rpartition(".")[0] in prompts or _tells(_folded(line.body), texts)
    ]
    held = store.ledger(partition, PROMPTS, list(prompts)) if prompts else []
    return (*struck, *((PROMPTS, line.name) for line in held))


def count(cm: ContextManager) -> int:
    """How many texts are quoted."""
    return len(cm.archive.store.ledger(cm.scope.partition, QUOTES))


@dataclass(slots=True)
class _Writer:
    """The quotes of one recipe."""

    identifier: str
    quotes: list[LedgerDraft] = field(default_factory=list)

    def quote(self, text: str) -> str:
        """Write a text down; the name it stands under."""
        name = f"{self.identifier}.{len(self.quotes)}"
        self.quotes.append(LedgerDraft(QUOTES, name, text))
        return name


def _ingredient(
    cm: ContextManager, piece: Piece, entries: Mapping[str, MemoryEntry], writer: _Writer
) -> dict[str, Any]:
    """One piece of a recipe: where its text is found, and everything about it that tells none."""
    made: dict[str, Any] = {name: getattr(piece, name) for name in _KEPT}
    made["trust"] = None if piece.trust is None else int(piece.trust)
    made["stages"] = dict(piece.stages)
    entry = entries.get(piece.entry_id or "")
    start, end = _span(piece.text, entry.text if entry else "")
    made["span"] = [start, end] if end > start else None
    rest = piece.text[end - start :]
    if rest:
        text = asked(cm, rest) if piece.section == "input" else rest
        made |= {"quote": writer.quote(text), "redacted": text != rest}
    if entry is not None and piece.speaker == label(entry):
        made["speaker"] = _NAME
    elif piece.speaker in _FIXED:
        made["speaker"] = piece.speaker
    else:
        made["speaker_quote"] = writer.quote(piece.speaker)
    return made


def _span(shown: str, text: str) -> tuple[int, int]:
    """Where in an entry's text the longest beginning of what is shown stands."""
    low, high = 0, len(shown)
    while low < high:
        middle = (low + high + 1) // 2
        if shown[:middle] in text:
            low = middle
        else:
            high = middle - 1
    start = text.find(shown[:low]) if low else 0
    return start, start + low


@dataclass(slots=True)
class _Shelf:
    """What is left of the ingredients of a recipe."""

    entries: Mapping[str, MemoryEntry]
    quotes: Mapping[str, str]
    holes: list[bool] = field(default_factory=list)

    def piece(self, made: Mapping[str, Any]) -> Piece:
        """The piece as it was, or a hole; notes in `holes` which."""
        entry = self.entries.get(made["entry_id"] or "")
        missing = [name for name in _quotes_of(made) if name not in self.quotes]
        whole = not missing and (entry is not None or made["span"] is None)
        self.holes.append(not whole or bool(made.get("redacted")))
        kept = {name: made[name] for name in _KEPT}
        trust = None if made["trust"] is None else Trust(made["trust"])
        piece = Piece(text=HOLE, trust=trust, explain=lambda _: made["stages"], **kept)
        if not whole:
            return piece._replace(reason="forgotten since the prompt was built")
        start, end = made["span"] or (0, 0)
        text = (entry.text[start:end] if entry else "") + self.quotes.get(made.get("quote", ""), "")
        sources = entry.source_ids if entry else ()
        return piece._replace(text=text, speaker=self._speaker(made, entry), source_ids=sources)

    def _speaker(self, made: Mapping[str, Any], entry: MemoryEntry | None) -> str:
        if "speaker_quote" in made:
            return self.quotes[made["speaker_quote"]]
        if made["speaker"] == _NAME and entry is not None:
            return label(entry)
        return str(made["speaker"])


def _quotes_of(made: Mapping[str, Any]) -> list[str]:
    return [made[name] for name in ("quote", "speaker_quote") if name in made]


def _rebuilt(
    cm: ContextManager,
    identifier: str,
    recipe: Mapping[str, Any],
    pieces: Sequence[Piece],
    holes: Sequence[bool],
) -> Context:
    parts = render(pieces)
    totals = recipe["totals"]
    if any(holes):
        totals = as_counter(cm.token_counter).prefix_counts(parts)
    slots, _ = account(Packed(tuple(pieces), tuple(parts), tuple(totals), ()))
    slots = tuple(replace(slot, hole=hole) for slot, hole in zip(slots, holes, strict=True))
    text = "".join(parts)
    told = {name: recipe[name] for name in _TOLD}
    told["degraded"] = tuple(told["degraded"])
    if not any(holes) and _digest(cm, text) != recipe["digest"]:
        told["degraded"] += ("replay",)
    question = pieces[-1].text if pieces and pieces[-1].section == "input" else ""
    return Context(text=text, tokens=totals[-1], slots=slots, input=question, id=identifier, **told)


def _digest(cm: ContextManager, text: str) -> str:
    return blake2b(text.encode(), digest_size=16, key=cm.archive.secret).hexdigest()


def _tells(quote: str, texts: set[str]) -> bool:
    if quote in texts:
        return True
    return any(
        (len(text) >= TELLING and text in quote) or (len(quote) >= TELLING and quote in text)
        for text in texts
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())

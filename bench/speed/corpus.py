"""Conversations by the thousand, invented from a seed, and an embedder that costs next to nothing.

Words follow Zipf's law over an invented vocabulary, mixed with English function words, so that word
lists are as uneven as real ones. Nothing here measures anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np

from context_manager import ContextManager
from context_manager.embedding.protocol import Vectors
from context_manager.memory.drafting import new_id
from context_manager.records import Message, Scope, Turn
from context_manager.store.protocol import Change, TurnDraft

DIMENSION = 384
TURNS_PER_SESSION = 50
GROUP = 1000

_FUNCTION_WORDS = (
    *("the", "of", "and", "to", "in", "a", "is", "that", "it", "was", "for"),
    *("on", "with", "as", "at", "by", "from", "we", "you", "my"),
)
_CONSONANTS, _VOWELS = "bcdfghklmnprstvz", "aeiou"


class TableEmbedder:
    """Vectors by hash: unit length, 384 dimensions, microseconds each. No model, no meaning."""

    dimension = DIMENSION
    fingerprint = "bench:table:384:1"
    local = True

    def __init__(self) -> None:
        self._rows = np.random.default_rng(7).standard_normal((4096, DIMENSION)).astype(np.float32)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 [n, 384]: for each text the mean of three rows that its hash picks."""
        out = np.empty((len(texts), DIMENSION), dtype=np.float32)
        for at, text in enumerate(texts):
            digest = blake2b(text.encode(), digest_size=6).digest()
            picked = np.frombuffer(digest, dtype="<u2") % len(self._rows)
            out[at] = self._rows[picked].sum(axis=0)
        return out / np.linalg.norm(out, axis=1, keepdims=True)


class Language:
    """An invented vocabulary with a Zipf distribution.

    Args:
        seed: The same seed gives the same texts.
        size: Words of the vocabulary.
    """

    def __init__(self, seed: int = 1, size: int = 20_000) -> None:
        self._chance = np.random.default_rng(seed)
        syllables = [c + v for c in _CONSONANTS for v in _VOWELS]
        picks = self._chance.integers(0, len(syllables), (size, 4))
        self.words = [
            "".join(syllables[i] for i in row[: 2 + at % 3]) for at, row in enumerate(picks)
        ]
        weights = 1.0 / np.arange(1, size + 1) ** 1.05
        self._cumulated = np.cumsum(weights / weights.sum())

    def message(self) -> str:
        """A sentence or two of 8 to 30 words."""
        count = int(self._chance.integers(8, 31))
        words = [self.words[i] for i in self._ranks(count)]
        for at in self._chance.integers(0, count, count * 2 // 5):
            words[at] = _FUNCTION_WORDS[int(self._chance.integers(len(_FUNCTION_WORDS)))]
        return " ".join(words).capitalize() + "."

    def question(self, count: int = 6) -> tuple[str, list[str]]:
        """A question of so many content words, and these words."""
        words = [self.words[i] for i in self._ranks(count)]
        return f"What was said of {' '.join(words)}?", words

    def _ranks(self, count: int) -> list[int]:
        found = np.searchsorted(self._cumulated, self._chance.random(count))
        return [min(int(i), len(self.words) - 1) for i in found]


def fill(cm: ContextManager, messages: Sequence[str], embedder: TableEmbedder) -> None:
    """Store messages as turns of two, with their vectors, in large transactions."""
    drafts = list(drafted(cm, cm.scope, messages, embedder))
    for start in range(0, len(drafts), GROUP):
        cm.archive.apply(cm.scope.partition, Change(turns=tuple(drafts[start : start + GROUP])))


def drafted(
    cm: ContextManager, scope: Scope, messages: Sequence[str], embedder: TableEmbedder
) -> Iterator[TurnDraft]:
    """Drafts of turns of two messages, vectors included."""
    vectors = embedder.embed(messages)
    for place in range(0, len(messages) - 1, 2):
        where = scope.narrowed(session_id=f"session-{place // (2 * TURNS_PER_SESSION)}")
        pair = (Message("user", messages[place]), Message("assistant", messages[place + 1]))
        turn = replace(Turn.of(pair, 0, 1_700_000_000.0 + place), id=new_id("turn"))
        turn = replace(turn, token_count=cm.count(turn.text))
        draft = cm.archive.drafter.turn(where, turn)
        entries = tuple(
            replace(entry, vectors=(vectors[place + at].tobytes(),), model=embedder.fingerprint)
            if len(entry.passages) == 1
            else entry
            for at, entry in enumerate(draft.entries)
        )
        yield replace(draft, entries=entries)


def copied(drafts: Sequence[TurnDraft], scope: Scope) -> tuple[TurnDraft, ...]:
    """The same turns for another user: new ids, nothing computed anew."""
    return tuple(_moved(draft, scope) for draft in drafts)


def _moved(draft: TurnDraft, scope: Scope) -> TurnDraft:
    turn_id = new_id("turn")
    where = scope.narrowed(session_id=draft.scope.session_id)
    messages = tuple(
        replace(message, id=f"{turn_id}.{at}") for at, message in enumerate(draft.turn.messages)
    )
    entries = tuple(
        replace(item, entry=replace(item.entry, id=f"{turn_id}.{at}", scope=where, turn_id=turn_id))
        for at, item in enumerate(draft.entries)
    )
    return TurnDraft(where, replace(draft.turn, id=turn_id, messages=messages), entries)

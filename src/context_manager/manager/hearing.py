"""What is done to a message before it is remembered.

Decides the order: text of our own prompts that came back is taken out and linked. It stores
nothing; what the user really said is never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from context_manager.memory.echoes import Heard
from context_manager.records import Message
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

ECHOES = "echoes"
"""Key of a message's metadata: ids of the entries that it repeated."""

MOST_LINKS = 50


def heard(cm: ContextManager, messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages as they are remembered."""
    return _without_echoes(cm, messages) if cm.config.memory.drop_echoes else tuple(messages)


def _without_echoes(cm: ContextManager, messages: Sequence[Message]) -> tuple[Message, ...]:
    listened = [(message, _listen(cm, message)) for message in messages]
    left = tuple(_linked(message, what) for message, what in listened if what.text.strip())
    return left or tuple(messages)  # a turn of nothing but echoes is kept as it is


def _listen(cm: ContextManager, message: Message) -> Heard:
    store, partition, digest = cm.archive.store, cm.scope.partition, cm.archive.drafter.digest

    def find(text: str) -> str | None:
        found = store.find(partition, EntryFilter(digest=digest(text)), limit=1)
        return found[0][1].id if found else None

    return cm.engine.echoes.hear(partition, message.text, by_user=message.role == "user", find=find)


def _linked(message: Message, what: Heard) -> Message:
    if not what.echoed:
        return message
    metadata = {**message.metadata, ECHOES: list(what.entry_ids[:MOST_LINKS])}
    return replace(message, text=what.text, metadata=metadata)

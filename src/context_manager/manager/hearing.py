"""What is done to a text before it is remembered, or handed to a model as a question.

Decides the order: text of our own prompts that came back is taken out and linked, secrets are
treated as the settings say, what looks like an order to the reader is marked. Nothing is dropped
silently, and what the user really said never is. It stores nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from context_manager.errors import ConfigError, SecretError
from context_manager.memory.echoes import Heard
from context_manager.records import MemoryEntry, Message, Trust
from context_manager.records.parts import has_parts, parts_of, with_parts
from context_manager.screening import KINDS, find_orders, find_secrets, redacted
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.manager.parts import ManagerParts

ECHOES = "echoes"
"""Key of a message's metadata: ids of the entries that it repeated."""

FLAGS = "flags"
"""Key of metadata: kinds of orders to the reader that the text seems to give."""

QUARANTINED = "quarantined"
"""Key of metadata: true while an entry is kept out of prompts."""

MOST_LINKS = 50


def heard(
    cm: ManagerParts, messages: Sequence[Message], said: Sequence[Message] = ()
) -> tuple[Message, ...]:
    """The messages as they are remembered.

    Args:
        cm: The manager.
        messages: What is to be remembered.
        said: The last messages of the session, in order.

    Raises:
        SecretError: One holds a secret, and the settings refuse it.
    """
    if cm.config.memory.drop_echoes:
        messages = _without_echoes(cm, messages)
        messages = _unheard(messages, said)
    return tuple(_screened_message(cm, message) for message in messages)


def admitted(cm: ManagerParts, entry: MemoryEntry) -> MemoryEntry:
    """An entry that nobody said, as it is remembered.

    Raises:
        SecretError: It holds a secret, and the settings refuse it.
    """
    text = without_secrets(cm, entry.text)
    metadata = _marked(cm, text, values_without_secrets(cm, entry.metadata), entry.trust)
    if text == entry.text and metadata == entry.metadata:
        return entry
    return replace(entry, text=text, metadata=metadata)


def asked(cm: ManagerParts, text: str) -> str:
    """A question as the embedding model may see it: without secrets, unless they do not matter."""
    if cm.config.secrets == "off":
        return text
    return redacted(text, find_secrets(text, _kinds(cm)))


def without_secrets(cm: ManagerParts, text: str) -> str:
    """The text as the settings allow it to be kept.

    Raises:
        SecretError: It holds a secret, and the settings refuse it.
    """
    if cm.config.secrets == "off" or not text:
        return text
    found = find_secrets(text, _kinds(cm))
    if found and cm.config.secrets == "reject":
        raise SecretError(dict(Counter(finding.kind for finding in found)))
    return redacted(text, found)


def values_without_secrets(cm: ManagerParts, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata, every text in it treated like the text beside it."""
    if cm.config.secrets == "off":
        return dict(metadata)
    return {without_secrets(cm, str(key)): _clean(cm, value) for key, value in metadata.items()}


def _clean(cm: ManagerParts, value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(cm, value)
    if isinstance(value, Mapping):
        return values_without_secrets(cm, value)
    if isinstance(value, list | tuple):
        return [_clean(cm, item) for item in value]
    return value


def _screened_message(cm: ManagerParts, message: Message) -> Message:
    clean = _clean_parts(cm, message) if has_parts(message) else message
    text = without_secrets(cm, message.text) if clean is message else clean.text
    name = message.name and without_secrets(cm, message.name)
    metadata = values_without_secrets(cm, clean.metadata)
    metadata = _marked(cm, text, metadata, message.trusted)
    if (text, name, metadata) == (message.text, message.name, message.metadata):
        return message
    return replace(message, text=text, name=name, metadata=metadata)


def _clean_parts(cm: ManagerParts, message: Message) -> Message:
    """The message with each of its parts treated by itself, so that they stay what they are."""
    parts = parts_of(message)
    return with_parts(
        message,
        replace(
            parts,
            said=without_secrets(cm, parts.said),
            calls=tuple(
                replace(call, arguments=without_secrets(cm, call.arguments)) for call in parts.calls
            ),
            images=tuple(
                replace(image, reference=without_secrets(cm, image.reference))
                for image in parts.images
            ),
        ),
    )


def _marked(cm: ManagerParts, text: str, metadata: dict[str, Any], trust: Trust) -> dict[str, Any]:
    """Metadata with a mark where the text looks like an order to the reader."""
    if cm.config.screening == "off" or FLAGS in metadata:
        return metadata
    found = sorted({finding.kind for finding in find_orders(text)})
    if not found:
        return metadata
    held = cm.config.screening == "quarantine" and trust <= Trust.EXTERNAL
    return {**metadata, FLAGS: found, **({QUARANTINED: True} if held else {})}


def _kinds(cm: ManagerParts) -> tuple[str, ...] | None:
    kinds = cm.config.secret_kinds
    unknown = sorted(set(kinds or ()) - set(KINDS))
    if unknown:
        raise ConfigError(f"secret_kinds holds {unknown}; known are {', '.join(KINDS)}")
    return kinds


def _without_echoes(cm: ManagerParts, messages: Sequence[Message]) -> Sequence[Message]:
    listened = [(message, _listen(cm, message)) for message in messages]
    left = [_linked(message, what) for message, what in listened if what.text.strip()]
    return left or messages  # a turn of nothing but echoes is kept as it is


def _unheard(messages: Sequence[Message], said: Sequence[Message]) -> Sequence[Message]:
    """Without the run at the beginning that repeats the session's last messages one by one.

    So a framework may hand back its whole list. A single message is never taken for such a run,
    nor is all that is given: somebody may well say the same twice.
    """
    opening = next((n for n, m in enumerate(messages) if m.role != "system"), len(messages))
    given = [(message.role, message.text) for message in messages[opening:]]
    known = [(message.role, message.text) for message in said]
    for length in range(min(len(given) - 1, len(known)), 1, -1):
        if given[:length] == known[-length:]:
            return [*messages[:opening], *messages[opening + length :]]
    return messages


def _listen(cm: ManagerParts, message: Message) -> Heard:
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

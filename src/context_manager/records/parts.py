"""What a message holds besides words: calls of tools, what a tool answered, images.

Decides how these are written down in a message so that they are found by their words and come
back exactly: the text ends with a line for each, and the metadata say where they begin. It knows
no provider's shapes and no store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from context_manager.records.message import Message, Role, clean_text

PARTS = "message_parts"
"""Key of a message's metadata under which its parts are described."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """An assistant asks for a tool.

    Args:
        id: What the result refers to; "" where the caller gave none.
        name: The tool.
        arguments: As the model wrote them, usually a JSON object.
    """

    id: str
    name: str
    arguments: str = "{}"

    @property
    def line(self) -> str:
        """The call as the text of its message shows it."""
        return f"[calls {self.name}({self.arguments})]"


@dataclass(frozen=True, slots=True)
class Image:
    """An image by reference; what it shows is not kept.

    Args:
        reference: A URL, or the provider's id of an uploaded file; "" for one that came as data.
        kind: "url" or "file"; "data" for one whose bytes were not kept.
        detail: "low", "high", or "" for the provider's default.
    """

    reference: str
    kind: str = "url"
    detail: str = ""

    @property
    def line(self) -> str:
        """The image as the text of its message shows it."""
        return f"[image {self.reference}]" if self.reference else "[image]"


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything in a message.

    Args:
        said: The words.
        calls: Of an assistant, the tools it asks for.
        answers: Of a tool's result, the id of the call that it answers; "" for none.
        failed: Of a tool's result, whether the tool failed.
        images: Images, in order.
    """

    said: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""
    failed: bool = False
    images: tuple[Image, ...] = ()

    @property
    def text(self) -> str:
        """The words with a line for each part, which is what is searched and shown."""
        lines = [*(image.line for image in self.images), *(call.line for call in self.calls)]
        return "\n".join([*([self.said] if self.said else []), *lines])


def with_parts(message: Message, parts: Parts) -> Message:
    """The message holding these parts in place of its own."""
    parts = replace(
        parts,
        said=clean_text(parts.said),
        answers=clean_text(parts.answers),
        calls=tuple(
            ToolCall(*map(clean_text, (call.id, call.name, call.arguments))) for call in parts.calls
        ),
        images=tuple(
            replace(image, reference=clean_text(image.reference)) for image in parts.images
        ),
    )
    metadata = {key: value for key, value in message.metadata.items() if key != PARTS}
    described = _described(parts)
    if described:
        metadata[PARTS] = described
    return replace(message, text=parts.text, metadata=metadata)


def message_of(role: Role, parts: Parts, name: str | None = None, **fields: Any) -> Message:
    """A new message of these parts; ``fields`` as on `Message`."""
    return with_parts(Message(role, "", name, **fields), parts)


def has_parts(message: Message) -> bool:
    """Whether a message is more than its words."""
    return PARTS in message.metadata and parts_of(message) != Parts(message.text)


def parts_of(message: Message) -> Parts:
    """The parts of a message; one whose text was altered since is nothing but its words."""
    described = message.metadata.get(PARTS)
    if not isinstance(described, Mapping):
        return Parts(message.text)
    try:
        return _read(message.text, described)
    except (TypeError, ValueError, KeyError, AttributeError):
        return Parts(message.text)


def _described(parts: Parts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if parts.calls or parts.images:
        found["said"] = len(parts.said)
    if parts.calls:
        found["calls"] = [[call.id, call.name, len(call.arguments)] for call in parts.calls]
    if parts.images:
        found["images"] = [[item.reference, item.kind, item.detail] for item in parts.images]
    if parts.answers:
        found["answers"] = parts.answers
    if parts.failed:
        found["failed"] = True
    return found


def _read(text: str, described: Mapping[str, Any]) -> Parts:
    answers, failed = str(described.get("answers", "")), bool(described.get("failed"))
    length = int(described.get("said", len(text)))
    reader = _Reader(text, length)
    images = tuple(Image(*map(str, item)) for item in described.get("images", ()))
    for image in images:
        reader.skip(image.line)
    calls = tuple(reader.call(*item) for item in described.get("calls", ()))
    reader.end()
    return Parts(text[:length], calls, answers, failed, images)


@dataclass(slots=True)
class _Reader:
    """Reads the lines that follow the words.

    Args:
        text: The whole text.
        place: Where the words end.
    """

    text: str
    place: int
    _first: bool = field(init=False)

    def __post_init__(self) -> None:
        self._first = self.place == 0

    def skip(self, line: str) -> None:
        wanted = line if self._first else "\n" + line
        if not self.text.startswith(wanted, self.place):
            raise ValueError("altered")
        self.place += len(wanted)
        self._first = False

    def call(self, identifier: str, name: str, length: int) -> ToolCall:
        start = self.place + (not self._first) + len(f"[calls {name}(")
        call = ToolCall(str(identifier), str(name), self.text[start : start + int(length)])
        self.skip(call.line)
        return call

    def end(self) -> None:
        if self.place != len(self.text):
            raise ValueError("altered")

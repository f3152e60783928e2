"""Letta: agent files (``.af``), of one agent or of several.

Decides what of an agent is memory: what was said, and its blocks as notes. An agent speaks by
calling a tool and hears packed messages; both are unpacked, and what only drives it is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from context_manager.importing.chat_message import ROLES
from context_manager.importing.foreign import moment, name_of, note, objects
from context_manager.importing.formats import DocumentFormat, Origin
from context_manager.importing.pairing import paired
from context_manager.importing.source import Place
from context_manager.importing.turn import ImportedTurn
from context_manager.records import Message

_SPEAKS = "send_message"
_EVENTS = frozenset({"heartbeat", "login", "system_alert"})


def _fits(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    several = isinstance(value.get("agents"), list) and "blocks" in value
    one = isinstance(value.get("messages"), list) and isinstance(value.get("core_memory"), list)
    return several or one


def _read(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    if not isinstance(value, dict):
        raise place.error("holds no agent; an agent file is one object")
    agents = value.get("agents")
    if isinstance(agents, list):
        for number, (at, agent) in enumerate(objects(agents, place.inside("agents")), start=1):
            yield from _agent(agent, at, origin, number)
        yield from _blocks(value.get("blocks"), place.inside("blocks"), origin)
    else:
        yield from _agent(value, place, origin, 1)
        yield from _blocks(value.get("core_memory"), place.inside("core_memory"), origin)


def _agent(
    agent: Mapping[str, Any], place: Place, origin: Origin, number: int
) -> Iterator[ImportedTurn]:
    session = name_of(agent.get("name") or agent.get("id"), f"{origin.session_id}-{number}")
    listed = objects(agent.get("messages", []), place.inside("messages"))
    said = (message for _, item in listed for message in _said(item, origin))
    yield from paired(said, session, metadata=origin.metadata)


def _blocks(value: Any, place: Place, origin: Origin) -> Iterator[ImportedTurn]:
    for _, block in objects(value or [], place):
        text, label = block.get("value"), block.get("label")
        if not isinstance(text, str) or not text.strip():
            origin.skip("blocks without a text")
            continue
        named = f"{label}: {text}" if isinstance(label, str) and label else text
        when = moment(block.get("created_at"), origin)
        yield note(named, origin, when=when, block=label if isinstance(label, str) else None)


def _said(item: Mapping[str, Any], origin: Origin) -> Iterator[Message]:
    role = ROLES.get(str(item.get("role")))
    if role in (None, "system"):
        origin.skip("system prompts" if role else "messages without a known role")
        return
    text = _text(item)
    calls = item.get("tool_calls")
    if role == "assistant" and isinstance(calls, list):
        spoken = [words for call in calls if (words := _call(call))]
        # The text beside a call is what the agent thinks; it speaks through the call.
        if text.strip() and spoken:
            origin.skip("thoughts of the agent")
        text = "\n".join(spoken) or text
    elif role == "user":
        text = _unpacked(text, origin)
    elif role == "tool" and item.get("name") == _SPEAKS:
        origin.skip("receipts of what was sent")
        return
    if text.strip():
        yield Message(role, text, None, moment(item.get("created_at"), origin))
    elif role != "user" or _text(item).strip() == "":
        origin.skip("messages without a text")


def _text(item: Mapping[str, Any]) -> str:
    content = item.get("content", item.get("text"))
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    )


def _unpacked(text: str, origin: Origin) -> str:
    """What a user said, out of the envelope in which the agent gets it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(value, dict):
        return text
    if str(value.get("type")) in _EVENTS:
        origin.skip("events that drive the agent")
        return ""
    inner = value.get("message")
    return inner if isinstance(inner, str) else text


def _call(call: Any) -> str:
    """A call as it is told: what is said through it, or that it was made."""
    asked = call.get("function") if isinstance(call, dict) else None
    if not isinstance(asked, dict):
        return ""
    name, arguments = asked.get("name"), asked.get("arguments")
    if name == _SPEAKS and isinstance(arguments, str):
        try:
            inner = json.loads(arguments)
        except (ValueError, RecursionError):
            inner = None
        if isinstance(inner, dict) and isinstance(inner.get("message"), str):
            return str(inner["message"])
    return f"[calls {name}({arguments})]" if isinstance(name, str) else ""


FORMAT = DocumentFormat("letta", "Letta: agent files (.af)", _fits, _read)

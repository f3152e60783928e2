"""What stands at hand for a tool's output that is too long for it.

Decides what is shown of such an output: head and tail around a mark that names its id. The store
keeps all of it, searchable to the last line; `get` and `expand` give it back.
"""

from __future__ import annotations

from dataclasses import replace

from context_manager.errors import InputError
from context_manager.records import Message, Turn
from context_manager.records.message import STUB
from context_manager.tokens import TokenCounter

HEAD = 0.7
"""Share of what is shown that is the head: outputs tell first what they are about."""

_BYTES = 4
"""Most bytes of a character."""


def stubbed(turn: Turn, limit: int, counter: TokenCounter) -> Turn:
    """The turn with a stub in place of each tool's output of more than ``limit`` tokens.

    Args:
        turn: With the ids of its messages.
        limit: Tokens that a stub may have, its mark aside; 0 leaves the turn as it is.
        counter: Counts and cuts.
    """
    long = [message for message in turn.messages if limit and _may_exceed(message, limit)]
    if not long:
        return turn
    messages = tuple(
        _stub(message, limit, counter) if message in long else message for message in turn.messages
    )
    if messages == turn.messages:
        return turn
    shown = replace(turn, messages=messages)
    return replace(shown, token_count=counter.count_tokens(shown.text))


def _may_exceed(message: Message, limit: int) -> bool:
    return message.role == "tool" and len(message.text) * _BYTES > limit


def _stub(message: Message, limit: int, counter: TokenCounter) -> Message:
    whole = counter.count_tokens(message.text)
    if whole <= limit:
        return message
    mark = f"\n[... of {whole:,} tokens; all of it is kept as {message.id} ...]\n"
    room = limit + counter.count_tokens(mark)
    try:
        text = counter.truncate_middle(message.text, room, mark, head_share=HEAD)
    except InputError:  # the mark counts more inside of the text than alone
        text = mark.strip()
    return replace(message, text=text, metadata={**message.metadata, STUB: whole})

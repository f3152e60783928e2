"""How much of a prompt's beginning stands again in the next one: what a provider's cache reuses.

Conversations are replayed turn by turn with default settings. Counted are the tokens of the
previous prompt's pinned, summary and recent-conversation sections that are an exact prefix of the
next prompt, against the plain layout whose window slides by one turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from context_manager import ContextManager, Message

STABLE = frozenset({"pinned", "summary", "recent"})
PLAIN_WINDOW = 5


def prefix_reuse(
    manager: ContextManager, session: str, turns: Sequence[tuple[Message, ...]]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Replay one session.

    Returns:
        (tokens that stand again, tokens that could) for the package and for the plain layout.
    """
    scoped = manager.scoped(session_id=session)
    ours, plain = [0, 0], [0, 0]
    before = plain_before = ""
    shown: list[str] = []
    for turn in turns:
        context = scoped.build(turn[0].text or ".")
        if before:
            _add(ours, scoped, before, context.text)
        before = "".join(slot.text for slot in context.slots if slot.section in STABLE)
        layout = "\n\n".join(["Recent conversation:", *shown[-PLAIN_WINDOW:]])
        if plain_before:
            _add(plain, scoped, plain_before, layout)
        plain_before = layout if shown else ""
        made = scoped.observe_messages(turn)
        shown.append(made.text)
    return (ours[0], ours[1]), (plain[0], plain[1])


def _add(total: list[int], manager: ContextManager, before: str, after: str) -> None:
    total[0] += manager.count(before[: _common(before, after)])
    total[1] += manager.count(before)


def _common(one: str, other: str) -> int:
    """Length of the common beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def share(pairs: Iterable[tuple[int, int]]) -> float:
    """Reused tokens as a share of those that could be."""
    collected = list(pairs)
    return sum(again for again, _ in collected) / max(1, sum(could for _, could in collected))

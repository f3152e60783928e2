"""How much of a prompt's beginning stands again in the next one: what a provider's cache reuses.

Conversations are replayed turn by turn with default settings, each as one session that goes on.
Counted are the tokens of the previous prompt's pinned, summary and recent-conversation sections
that are an exact prefix of the next prompt. The plain layout shows the last five turns and slides
by one; it gets the same budget. That the steps cost no recall is measured too: the same questions
are asked near the end of a session, with both windows, at one of its last turns after the other,
since the window is now short and now long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from context_manager import ContextManager, MemoryEntry, Message
from context_manager.context import Plan, turn_pieces
from context_manager.context.window import window
from context_manager.evaluation.benchmarks import Question
from context_manager.evaluation.trials import common_beginning
from context_manager.manager import building

STABLE = frozenset({"pinned", "summary", "recent"})
PLAIN_WINDOW = 5
HEADING = "Recent conversation:"
PHASES = 9
"""Turns of a session at which questions are asked in turn: more than a window goes through."""


def prefix_reuse(
    manager: ContextManager, turns: Sequence[tuple[Message, ...]]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Replay one conversation.

    Args:
        manager: One that remembers nothing yet.
        turns: What was said.

    Returns:
        (tokens that stand again, tokens that could) for the package and for the plain layout.
    """
    ours, plain = [0, 0], [0, 0]
    before = plain_before = ""
    shown: list[str] = []
    for turn in turns:
        context = manager.build(turn[0].text or ".")
        _add(ours, manager, before, context.text)
        before = "".join(slot.text for slot in context.slots if slot.section in STABLE)
        layout = "\n\n".join([HEADING, *shown[-PLAIN_WINDOW:]]) if shown else ""
        _add(plain, manager, plain_before, layout)
        plain_before = layout
        shown.append(manager.observe_messages(turn).text)
    return (ours[0], ours[1]), (plain[0], plain[1])


def recall_of_windows(
    manager: ContextManager,
    question: Question,
    gold: Sequence[MemoryEntry],
    budget: int,
    unsaid: int,
) -> tuple[float, float]:
    """Share of the gold named in the prompt, with our window and with one sliding by one turn.

    Args:
        manager: Scoped to the session near whose end the question is asked.
        question: What is asked.
        gold: Its evidence.
        budget: Tokens of either prompt.
        unsaid: Last turns of the session that count as memory only.
    """
    now = manager.clock()
    found = building.search(manager, question.text, budget, now, lambda _: None)
    working_set = manager.short_term_memory
    plan = building.planned(manager, question.text, budget, now, found, working_set)
    turns = list(working_set.turns)[: len(working_set.turns) - unsaid]
    sizes = [(turn.seq, turn.token_count) for turn in turns]
    memory = manager.config.memory
    ours = window(sizes, memory.recent_k, budget, memory.stm_capacity)
    starts = (ours.start if ours else 0, turns[-PLAIN_WINDOW:][0].seq if turns else 0)
    with_ours, with_plain = (
        replace(plan, recent=tuple(turn_pieces(t) for t in turns if t.seq >= start), window=0)
        for start in starts
    )
    return _share(manager, with_ours, gold, budget), _share(manager, with_plain, gold, budget)


def _share(manager: ContextManager, plan: Plan, gold: Sequence[MemoryEntry], budget: int) -> float:
    packed = building.packed_plan(manager, plan, budget)
    shown = {piece.entry_id for piece in packed.pieces}
    return sum(entry.id in shown for entry in gold) / len(gold)


def _add(total: list[int], manager: ContextManager, before: str, after: str) -> None:
    if before:
        total[0] += manager.count(common_beginning(before, after))
        total[1] += manager.count(before)


def share(pairs: Iterable[tuple[int, int]]) -> float:
    """Reused tokens as a share of those that could be."""
    collected = list(pairs)
    return sum(again for again, _ in collected) / max(1, sum(could for _, could in collected))

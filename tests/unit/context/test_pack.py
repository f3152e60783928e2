"""Packing: the budget holds for any plan and any counter, and every piece is accounted for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.context import Piece, Plan, account, choose, input_piece, pack
from context_manager.context.render import reading_order, render
from context_manager.errors import BudgetError


def words(text: str) -> int:
    return len(text.split())


def prefix_words(parts):
    return [words("".join(parts[: i + 1])) for i in range(len(parts))]


def clumsy(parts):
    """A counter under which joining costs extra and texts do not add up."""
    return [len("".join(parts[: i + 1])) // 3 + 2 * i for i in range(len(parts))]


def select(pieces, budget):
    return choose(pieces, budget, words)


def memory(number: int, text: str, value: float = 0.5, group: str = "[8 May 2023]") -> Piece:
    return Piece(
        "memory",
        text,
        order=(number,),
        speaker="Ann",
        group=group,
        value=value,
        tokens=words(text) + 1,
        entry_id=f"m{number}",
        score=value,
    )


def recent(seq: int, text: str) -> tuple[Piece, ...]:
    return (Piece("recent", text, order=(seq, 0), speaker="User", entry_id=f"r{seq}"),)


texts = st.text(alphabet="ab \n", max_size=60)
plans = st.builds(
    lambda given, pinned, turns, memories, keep: Plan(
        input=input_piece(given),
        pinned=tuple(
            Piece("pinned", t, order=(i,), entry_id=f"p{i}") for i, t in enumerate(pinned)
        ),
        recent=tuple(recent(i, t) for i, t in enumerate(turns)),
        memories=tuple(memory(i, t, 1 / (i + 1)) for i, t in enumerate(memories)),
        step=keep + 1,
        keep=keep,
    ),
    texts,
    st.lists(texts, max_size=3),
    st.lists(texts, max_size=8),
    st.lists(texts, max_size=12),
    st.integers(0, 6),
)


@given(plans, st.integers(0, 200), st.sampled_from([prefix_words, clumsy]))
def test_the_budget_holds_and_slots_sum_to_it_for_any_plan_and_counter(plan, budget, count):
    alone = count(render([plan.input]))[-1]
    if alone > budget:
        with pytest.raises(BudgetError) as caught:
            pack(plan, budget, count, select)
        assert (caught.value.budget, caught.value.needed) == (budget, alone)
        return
    packed = pack(plan, budget, count, select)
    slots, _ = account(packed)
    assert packed.totals[-1] == count(packed.parts)[-1] <= budget
    assert sum(slot.tokens for slot in slots) == packed.totals[-1]
    assert "".join(slot.text for slot in slots) == "".join(packed.parts)
    assert list(packed.pieces) == reading_order(packed.pieces)
    assert packed.pieces[-1] is plan.input


@given(plans, st.integers(8, 200))
def test_every_memory_is_shown_once_or_left_out_with_a_reason(plan, budget):
    if words(f"Current user input: {plan.input.text}") > budget:
        return
    packed = pack(plan, budget, prefix_words, select)
    shown = [piece.entry_id for piece in packed.pieces if piece.section == "memory"]
    out = {piece.entry_id: reason for piece, reason in packed.left_out}
    assert len(shown) == len(set(shown))
    assert {*shown, *out} >= {piece.entry_id for piece in plan.memories}
    assert all(out.values())


def test_a_recent_turn_is_not_shown_again_as_a_memory():
    turns = tuple(recent(i, f"turn {i}") for i in range(2))
    again = Piece("memory", "turn 1", order=(1,), speaker="User", value=1.0, entry_id="r1")
    plan = Plan(input_piece("hi"), recent=turns, memories=(again,), step=6, keep=5)
    packed = pack(plan, 100, prefix_words, select)
    assert "".join(packed.parts).count("turn 1") == 1


@pytest.mark.parametrize(
    ("said", "first"), [(5, 0), (9, 0), (10, 0), (11, 6), (12, 6), (16, 6), (17, 12)]
)
def test_the_window_of_recent_turns_slides_in_steps(said, first):
    """With recent_k = 5 the window shows 5 to 10 turns and starts at a multiple of 6."""
    window = range(max(0, said - 10), said)
    plan = Plan(
        input_piece("hi"),
        recent=tuple(recent(seq, f"t{seq}") for seq in window),
        anchor=window[0],
        step=6,
        keep=5,
    )
    packed = pack(plan, 1000, prefix_words, select)
    shown = [piece.order[0] for piece in packed.pieces if piece.section == "recent"]
    assert shown == list(range(first, said))


def test_one_long_recent_turn_does_not_push_out_the_memories():
    turns = (recent(0, "short"), recent(1, "word " * 80))
    memories = tuple(memory(i, "a fact of six words here") for i in range(12))
    packed = pack(Plan(input_piece("hi"), recent=turns, memories=memories, step=6, keep=5), 100,
                  prefix_words, select)  # fmt: skip
    assert sum(piece.section == "memory" for piece in packed.pieces) >= 8


def test_near_misses_come_best_first_with_reason_and_cost():
    memories = tuple(memory(i, "some words here", 1 - i / 10) for i in range(5))
    packed = pack(Plan(input_piece("hi"), memories=memories), 25, prefix_words, select)
    _, misses = account(packed)
    assert misses
    assert [miss.score for miss in misses] == sorted((m.score for m in misses), reverse=True)
    assert all(miss.tokens == 4 and "tokens" in miss.reason for miss in misses)

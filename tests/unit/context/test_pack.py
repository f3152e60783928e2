"""Packing: the budget holds for any plan and any counter, and every piece is accounted for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.context import Piece, Plan, account, choose, input_piece, pack
from context_manager.context.render import reading_order, render
from context_manager.errors import BudgetError
from context_manager.records import Trust


def words(text: str) -> int:
    return len(text.split())


def prefix_words(parts):
    return [words("".join(parts[: i + 1])) for i in range(len(parts))]


def clumsy(parts):
    """A counter under which joining costs extra and texts do not add up."""
    return [len("".join(parts[: i + 1])) // 3 + 2 * i for i in range(len(parts))]


def memory(number: int, text: str, value: float = 0.5, group: str = "[8 May 2023]") -> Piece:
    return Piece(
        "memory",
        text,
        order=(number,),
        speaker="Ann",
        group=group,
        value=value,
        tokens=words(text) + 1,
        heading=words(group),
        entry_id=f"m{number}",
        score=value,
    )


def recent(seq: int, text: str) -> tuple[Piece, ...]:
    return (Piece("recent", text, order=(seq, 0), speaker="User", entry_id=f"r{seq}"),)


texts = st.text(alphabet="ab \n", max_size=60)
plans = st.builds(
    lambda given, pinned, turns, memories, window: Plan(
        input=input_piece(given),
        pinned=tuple(
            Piece("pinned", t, order=(i,), entry_id=f"p{i}") for i, t in enumerate(pinned)
        ),
        recent=tuple(recent(i, t) for i, t in enumerate(turns)),
        memories=tuple(memory(i, t, 1 / (i + 1)) for i, t in enumerate(memories)),
        window=window,
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
            pack(plan, budget, count, choose)
        assert (caught.value.budget, caught.value.needed) == (budget, alone)
        return
    packed = pack(plan, budget, count, choose)
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
    packed = pack(plan, budget, prefix_words, choose)
    shown = [piece.entry_id for piece in packed.pieces if piece.section == "memory"]
    out = {piece.entry_id: reason for piece, reason in packed.left_out}
    assert len(shown) == len(set(shown))
    assert {*shown, *out} >= {piece.entry_id for piece in plan.memories}
    assert all(out.values())


def test_a_recent_turn_is_not_shown_again_as_a_memory():
    turns = tuple(recent(i, f"turn {i}") for i in range(2))
    again = Piece("memory", "turn 1", order=(1,), speaker="User", value=1.0, entry_id="r1")
    plan = Plan(input_piece("hi"), recent=turns, memories=(again,))
    packed = pack(plan, 100, prefix_words, choose)
    assert "".join(packed.parts).count("turn 1") == 1


def test_the_window_of_recent_turns_is_shown_and_what_stands_before_it_named():
    turns = tuple(recent(seq, f"t{seq}") for seq in range(8))
    packed = pack(Plan(input_piece("hi"), recent=turns, window=3), 1000, prefix_words, choose)
    shown = [piece.order[0] for piece in packed.pieces if piece.section == "recent"]
    assert shown == [3, 4, 5, 6, 7]
    assert [piece.order[0] for piece, _ in packed.left_out] == [0, 1, 2]


def test_of_a_window_that_does_not_fit_the_latest_turns_are_shown():
    turns = tuple(recent(seq, "word " * 20) for seq in range(4))
    waiting = tuple(memory(i, f"a fact of six words {i}") for i in range(40))
    packed = pack(
        Plan(input_piece("hi"), recent=turns, memories=waiting), 100, prefix_words, choose
    )
    shown = [piece.order[0] for piece in packed.pieces if piece.section == "recent"]
    assert shown == [1, 2, 3]


def test_one_long_recent_turn_does_not_push_out_the_memories():
    turns = (recent(0, "short"), recent(1, "word " * 80))
    memories = tuple(memory(i, f"a fact of six words {i}") for i in range(12))
    packed = pack(Plan(input_piece("hi"), recent=turns, memories=memories), 100,
                  prefix_words, choose)  # fmt: skip
    assert sum(piece.section == "memory" for piece in packed.pieces) >= 8


def test_where_room_is_left_messages_are_shown_whole_best_first():
    long = [f"kite {i} " * 15 for i in range(3)]
    cut = tuple(
        memory(i, f"kite {i} kite", 1 / (i + 1))._replace(cut=True, whole=long[i], rank=i)
        for i in range(3)
    )
    wide = pack(Plan(input_piece("hi"), memories=cut), 300, prefix_words, choose)
    shown = [piece for piece in wide.pieces if piece.section == "memory"]
    assert [piece.text for piece in shown] == long
    assert not any(piece.cut for piece in shown)

    tight = pack(Plan(input_piece("hi"), memories=cut), 70, prefix_words, choose)
    cuts = {piece.entry_id: piece.cut for piece in tight.pieces if piece.section == "memory"}
    assert cuts == {"m0": False, "m1": True, "m2": True}
    assert tight.totals[-1] <= 70


def test_a_passage_with_a_note_beside_it_stays_a_passage():
    noted = memory(0, "the shop is open (since changed)")._replace(
        cut=True, whole="the shop is open"
    )
    packed = pack(Plan(input_piece("hi"), memories=(noted,)), 300, prefix_words, choose)
    assert "(since changed)" in "".join(packed.parts)


def test_near_misses_come_best_first_with_reason_and_cost():
    memories = tuple(memory(i, f"some words here{i}", 1 - i / 10) for i in range(5))
    packed = pack(Plan(input_piece("hi"), memories=memories), 25, prefix_words, choose)
    _, misses = account(packed)
    assert misses
    assert [miss.score for miss in misses] == sorted((m.score for m in misses), reverse=True)
    assert all(miss.tokens == 4 and "tokens" in miss.reason for miss in misses)


REPEATED = [
    ("word for word", "My cat is called Ofelia", "My cat is called Ofelia", True),
    ("case and punctuation", "My cat is called Ofelia", "my cat is called OFELIA!!", True),
    ("fillers and accents", "Oh, my cat is called Of\u00e9lia", "my cat is called ofelia", True),
    ("another number", "The budget is 500", "The budget is 600", False),
    ("another name", "My cat is called Ofelia", "My cat is called Ophir", False),
    ("a negation", "My cat does like fish", "My cat does not like fish", False),
    ("only punctuation, the same", "?!", "?!", True),
    ("only punctuation", "?!", "...", False),
]


@pytest.mark.parametrize(
    ("one", "other", "same"), [c[1:] for c in REPEATED], ids=[c[0] for c in REPEATED]
)
def test_what_was_said_twice_is_shown_once_and_explained(one, other, same):
    plan = Plan(
        input=input_piece("hello"),
        memories=(memory(0, one, 0.9), memory(1, "something else", 0.8), memory(2, other, 0.7)),
    )
    packed = pack(plan, 200, prefix_words, choose)
    slots, near = account(packed)
    assert [slot.entry_id for slot in slots[:-1]] == (["m0", "m1"] if same else ["m0", "m1", "m2"])
    reasons = [miss.reason for miss in near if miss.entry_id == "m2"]
    assert reasons == (["says the same as m0, which is shown"] if same else [])


def test_a_memory_that_a_recent_turn_repeats_is_not_shown_again():
    said = Piece("recent", "Call me Bo", order=(0, 0), speaker="Ann", entry_id="r0", kind="message")
    old = memory(0, "call me Bo")._replace(kind="message")
    other = old._replace(entry_id="m1", speaker="Bert")
    plan = Plan(input=input_piece("hello"), recent=((said,),), memories=(old, other))
    packed = pack(plan, 200, prefix_words, choose)
    assert [piece.entry_id for piece in packed.pieces] == ["r0", "m1", None]


def test_what_a_document_says_does_not_stand_in_for_the_user():
    """Both are shown: the one is evidence of a page, the other of a person."""
    page = memory(0, "The code is 7", 0.9)._replace(trust=Trust.EXTERNAL, group="[unverified]")
    plan = Plan(input=input_piece("hello"), memories=(page, memory(1, "The code is 7", 0.5)))
    assert len(pack(plan, 200, prefix_words, choose).pieces) == 3


def test_repeats_leave_their_room_to_others():
    """A hundred copies cost what one costs, and the next best gets in."""
    copies = tuple(memory(n, "the same old words", 0.9) for n in range(100))
    plan = Plan(input=input_piece("hello"), memories=(*copies, memory(100, "a rare one", 0.1)))
    packed = pack(plan, 30, prefix_words, choose)
    assert [piece.entry_id for piece in packed.pieces] == ["m0", "m100", None]

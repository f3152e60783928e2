"""What goes into a budget: order, headings paid once, nothing twice."""

from hypothesis import given
from hypothesis import strategies as st

from context_manager.retrieval import Candidate, select

candidates = st.lists(
    st.builds(
        Candidate,
        value=st.floats(0, 1),
        cost=st.integers(0, 50),
        group=st.integers(0, 3),
        heading=st.just(7),
        owner=st.none() | st.integers(0, 5),
    ),
    max_size=40,
)


@given(candidates, st.integers(0, 300))
def test_the_budget_holds_with_one_heading_per_group(found: list[Candidate], budget: int) -> None:
    chosen = [found[place] for place in select(found, budget)]
    headings = 7 * len({candidate.group for candidate in chosen})

    assert sum(candidate.cost for candidate in chosen) + headings <= budget


@given(candidates, st.integers(0, 300))
def test_no_owner_is_shown_twice(found: list[Candidate], budget: int) -> None:
    owners = [found[p].owner for p in select(found, budget) if found[p].owner is not None]

    assert len(owners) == len(set(owners))


def test_a_heading_is_paid_once() -> None:
    found = [Candidate(1, 10, "may", 8), Candidate(1, 10, "may", 8), Candidate(1, 10, "june", 8)]

    assert select(found, 28) == (0, 1)


def test_what_does_not_fit_makes_room_for_what_does() -> None:
    assert select([Candidate(1, 90), Candidate(0.5, 30), Candidate(0.4, 20)], 60) == (1, 2)

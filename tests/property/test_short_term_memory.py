"""Whatever is done to short-term memory, no turn is lost or doubled, and the sums are right."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from context_manager.memory.eviction import EVICTION
from context_manager.memory.short_term import ShortTermMemory, Turn


class Hoards(ShortTermMemory):
    """A user's policy that pops from the wrong end and then gives up."""

    def _evict_if_needed(self) -> None:
        while len(self.turns) > 3:
            self.turns.pop()
        if len(self.turns) == 3:
            raise RuntimeError("no idea")


KINDS = [*EVICTION.values(), Hoards]


class Conversation(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stm = ShortTermMemory()
        self.said = 0
        self.held: list[Turn] = []
        self.out: list[list[Turn]] = []

    @initialize(kind=st.sampled_from(KINDS), capacity=st.integers(0, 40))
    def begin(self, kind: type[ShortTermMemory], capacity: int) -> None:
        self.stm = kind(capacity)

    @rule(tokens=st.integers(0, 50), priority=st.sampled_from([0.5, 1.0, 2.0]), named=st.booleans())
    def append(self, tokens: int, priority: float, named: bool) -> None:
        self.said += 1  # an id is given once, whatever is consolidated
        name = f"t{self.said}-{tokens}"
        turn = Turn(name, "", tokens, 0.0, id=name if named else "", priority=priority)
        self.stm.append(turn)
        self.held.append(turn)

    @rule(capacity=st.integers(0, 60))
    def resize(self, capacity: int) -> None:
        self.stm.max_tokens = capacity
        self.stm.evict()

    @rule(k=st.integers(0, 6))
    def read(self, k: int) -> None:
        recent = self.stm.get_recent_turns(k)
        assert recent == list(self.stm.turns)[len(self.stm.turns) - len(recent) :]

    @rule()
    def pop_by_hand(self) -> None:
        if self.stm.turns:
            self.stm.turns.popleft()

    @rule(size=st.integers(0, 80))
    def take(self, size: int) -> None:
        waiting = self.stm.fallen
        chunk, tokens = self.stm.get_chunk_for_summarization(size)
        assert tokens == sum(turn.token_count for turn in chunk)
        assert len(chunk) <= 1 or tokens <= size
        assert all(turn in chunk for turn in waiting) or all(turn in waiting for turn in chunk)
        if chunk:
            self.out.append(chunk)

    @rule()
    def consolidate(self) -> None:
        if self.out:
            chunk = self.out.pop(0)
            self.stm.mark_consolidated(chunk)
            self.held = [turn for turn in self.held if all(turn is not gone for gone in chunk)]

    @rule()
    def fail(self) -> None:
        if self.out:
            self.stm.hand_back(self.out.pop())

    @invariant()
    def nothing_is_dropped_or_doubled(self) -> None:
        everywhere = [*self.stm.pending, *self.stm.turns]
        assert sorted(map(id, everywhere)) == sorted(map(id, self.held))

    @invariant()
    def order_is_that_of_the_conversation(self) -> None:
        place = {id(turn): n for n, turn in enumerate(self.held)}
        for turns in (self.stm.turns, self.stm.fallen, self.stm.pending):
            order = [place[id(turn)] for turn in turns]
            assert order == sorted(order)

    @invariant()
    def sums_are_right(self) -> None:
        pending = self.stm.pending
        assert self.stm.get_stats()["pending_turns"] == len(pending)
        assert self.stm.current_tokens == sum(turn.token_count for turn in self.stm.turns)
        assert self.stm.fallen_tokens == sum(turn.token_count for turn in self.stm.fallen)


Conversation.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestConversation = Conversation.TestCase

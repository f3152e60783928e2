"""Short-term memory: what is at hand, what leaves, and that nothing which leaves is lost."""

from __future__ import annotations

import time
from collections import deque

import pytest

from context_manager.errors import InputError
from context_manager.memory.eviction import (
    EVICTION,
    LRUShortTermMemory,
    PriorityShortTermMemory,
)
from context_manager.memory.short_term import ShortTermMemory, Turn


class WordCounter:
    def count_tokens(self, text: str) -> int:
        return len(text.split())


def memory(kind: type[ShortTermMemory] = ShortTermMemory, capacity: int = 12) -> ShortTermMemory:
    return kind(capacity, WordCounter())


def turn(name: str, tokens: int = 4, *, turn_id: str = "", priority: float = 1.0) -> Turn:
    return Turn(name, "", tokens, 1.0, id=turn_id, priority=priority)


def names(turns: object) -> list[str]:
    return [turn.user_input for turn in turns]  # type: ignore[attr-defined]


def test_add_turn_returns_the_turn_with_its_tokens_and_time() -> None:
    stm = ShortTermMemory(100, WordCounter(), clock=lambda: 42.0)
    made = stm.add_turn("hello there", "hi")
    assert made is stm.turns[0]
    assert (made.token_count, made.timestamp) == (5, 42.0)  # "User: hello there" "Assistant: hi"
    assert stm.current_tokens == 5


def test_first_in_is_first_out_and_stays_readable() -> None:
    stm = memory()
    for name in "abcde":
        stm.append(turn(name))
    assert names(stm.turns) == ["c", "d", "e"]
    assert names(stm.fallen) == ["a", "b"]
    assert (stm.current_tokens, stm.fallen_tokens) == (12, 8)


def test_the_seed_defaults_and_containers() -> None:
    stm = ShortTermMemory()
    assert stm.max_tokens == 8000
    assert isinstance(stm.turns, deque)
    assert len(stm) == 0
    stats = stm.get_stats()
    assert {"num_turns", "current_tokens", "max_tokens", "utilization"} <= stats.keys()


@pytest.mark.parametrize(("k", "shown"), [(2, ["b", "c"]), (9, ["a", "b", "c"]), (0, []), (-1, [])])
def test_recent_turns_come_oldest_first(k: int, shown: list[str]) -> None:
    stm = memory()
    for name in "abc":
        stm.append(turn(name))
    assert names(stm.get_recent_turns(k)) == shown
    assert stm.get_recent_texts(k) == [f"User: {name}" for name in shown]


def test_least_recently_used_leaves_first_though_it_is_not_the_oldest() -> None:
    """The seed's sketch pops the oldest whatever was used."""
    stm = memory(LRUShortTermMemory)
    for name in "abc":
        stm.append(turn(name, turn_id=name))
    stm.touch(["a"])
    stm.append(turn("d", turn_id="d"))
    assert names(stm.turns) == ["a", "c", "d"]
    assert names(stm.fallen) == ["b"]


def test_asking_for_recent_turns_counts_as_use() -> None:
    stm = memory(LRUShortTermMemory)
    for name in "abc":
        stm.append(turn(name))
    stm.touch([])
    stm.get_recent_turns(3)
    stm.append(turn("d"))
    assert names(stm.fallen) == ["a"], "all were used in order, so the oldest use goes"


def test_lowest_priority_leaves_first_and_the_oldest_among_equals() -> None:
    """The seed's sketch pops the oldest whatever its priority."""
    stm = PriorityShortTermMemory(21, WordCounter())
    for name, priority in (("a", 2.0), ("b", 1.0), ("c", 1.0)):
        made = stm.add_turn_with_priority(f"{name} x x x x", "y", priority)
        assert made.priority == priority
    stm.add_turn_with_priority("d x x x x", "y", 3.0)
    assert [turn.user_input[0] for turn in stm.turns] == ["a", "d"]
    assert [turn.user_input[0] for turn in stm.fallen] == ["b", "c"]


def test_the_priority_of_a_turn_made_elsewhere_counts() -> None:
    stm = memory(PriorityShortTermMemory)
    for name, priority in (("a", 5.0), ("b", 0.5), ("c", 1.0), ("d", 1.0)):
        stm.append(turn(name, priority=priority))
    assert names(stm.turns) == ["a", "c", "d"]


@pytest.mark.parametrize("priority", [float("nan"), float("inf")])
def test_a_priority_that_cannot_be_compared_is_refused(priority: float) -> None:
    with pytest.raises(InputError, match="finite"):
        PriorityShortTermMemory(9, WordCounter()).add_turn_with_priority("a", "b", priority)


@pytest.mark.parametrize("policy", sorted(EVICTION))
def test_every_policy_is_made_by_name_with_the_two_arguments(policy: str) -> None:
    stm = EVICTION[policy](5, WordCounter())
    stm.add_turn("one two", "three")
    stm.add_turn("four", "five")
    assert len(stm) == 1
    assert len(stm.fallen) == 1


@pytest.mark.parametrize("policy", sorted(EVICTION))
def test_a_turn_larger_than_the_capacity_leaves_alone(policy: str) -> None:
    """It would otherwise push out everything and then itself."""
    stm = EVICTION[policy](12, WordCounter())
    stm.append(turn("a"))
    stm.append(turn("huge", 500))
    assert names(stm.turns) == ["a"]
    assert names(stm.fallen) == names(stm.pending) == ["huge"]


def test_a_smaller_capacity_holds_from_evict_on() -> None:
    stm = memory()
    for name in "abc":
        stm.append(turn(name))
    stm.max_tokens = 5
    stm.evict()
    assert names(stm.turns) == ["c"]


def test_a_chunk_takes_fallen_turns_first_then_the_oldest() -> None:
    stm = memory()
    for name in "abcde":
        stm.append(turn(name))
    chunk, tokens = stm.get_chunk_for_summarization(14)
    assert (names(chunk), tokens) == (["a", "b", "c"], 12)
    assert names(stm.turns) == ["d", "e"]
    assert stm.current_tokens == 8
    assert stm.fallen == ()
    assert names(stm.pending) == ["a", "b", "c"], "readable until consolidated"


def test_a_chunk_holds_at_least_one_turn() -> None:
    stm = memory()
    stm.append(turn("huge", 500))
    chunk, tokens = stm.get_chunk_for_summarization(10)
    assert (names(chunk), tokens) == (["huge"], 500)
    assert stm.get_chunk_for_summarization(10) == ([], 0)


def test_consolidated_turns_are_let_go_of_by_id_too() -> None:
    stm = memory(capacity=0)
    for name in "ab":
        stm.append(turn(name, turn_id=name))
    stm.get_chunk_for_summarization(4)
    stm.mark_consolidated([turn("a", turn_id="a")])
    assert names(stm.pending) == ["b"]


def test_a_failed_chunk_can_be_handed_back() -> None:
    stm = memory()
    for name in "abcde":
        stm.append(turn(name))
    chunk, _ = stm.get_chunk_for_summarization(8)
    stm.hand_back(chunk)
    assert names(stm.fallen) == ["a", "b"]
    assert names(stm.get_chunk_for_summarization(8)[0]) == ["a", "b"]


def test_a_turn_delivered_twice_is_held_once() -> None:
    stm = memory()
    stm.append(turn("a", turn_id="t1"))
    stm.append(turn("a", turn_id="t1"))
    assert len(stm) == 1


def test_a_journal_is_reloaded_in_order_and_the_rest_is_pending() -> None:
    stm = memory()
    stm.append(turn("old"))
    stm.replace_all([turn(name, turn_id=name) for name in "abcde"])
    assert names(stm.turns) == ["c", "d", "e"]
    assert names(stm.pending) == ["a", "b"]


def test_forgetting_reaches_every_place() -> None:
    stm = memory()
    for name in "abcde":
        stm.append(turn(name, turn_id=name))
    stm.get_chunk_for_summarization(4)
    assert stm.remove(["a", "b", "c", "unknown"]) == 3
    assert names(stm.turns) == ["d", "e"]
    assert stm.pending == ()
    assert (stm.current_tokens, stm.fallen_tokens) == (8, 0)


def test_clear_leaves_nothing() -> None:
    stm = memory()
    for name in "abcde":
        stm.append(turn(name))
    stm.clear()
    assert (len(stm), stm.current_tokens, stm.pending) == (0, 0, ())


class PopsByItself(ShortTermMemory):
    """A user's policy in the seed's manner: it pops and does its own accounting."""

    def _evict_if_needed(self) -> None:
        while len(self.turns) > 2:
            gone = self.turns.popleft()
            self.current_tokens -= gone.token_count


class AccountsWrongly(PopsByItself):
    def _evict_if_needed(self) -> None:
        super()._evict_if_needed()
        self.current_tokens = -1


class SeedLike(ShortTermMemory):
    """Looks up its table before anything was put in, as the seed's LRU does."""

    def __init__(self, max_tokens: int = 8000, token_counter: WordCounter | None = None) -> None:
        super().__init__(max_tokens, token_counter)
        self.access_times: dict[int, float] = {}

    def _evict_if_needed(self) -> None:
        while self.current_tokens > self.max_tokens and self.turns:
            del self.access_times[min(self.access_times, key=self.access_times.__getitem__)]
            self.current_tokens -= self.turns.popleft().token_count

    def get_recent_turns(self, k: int) -> list[Turn]:
        recent = super().get_recent_turns(k)
        self.access_times.update({id(turn): time.time() for turn in recent})
        return recent


class FailsHalfWay(ShortTermMemory):
    def _evict_if_needed(self) -> None:
        if self.turns:
            self.turns.popleft()
        raise KeyError("table")


@pytest.mark.parametrize("kind", [PopsByItself, AccountsWrongly, SeedLike, FailsHalfWay])
def test_what_a_users_policy_removes_is_found_and_kept(kind: type[ShortTermMemory]) -> None:
    stm = memory(kind)
    for name in "abcdef":
        stm.append(turn(name))
        stm.get_recent_turns(1)
    assert names(stm.fallen) + names(stm.turns) == list("abcdef")
    assert stm.current_tokens == 4 * len(stm.turns) <= 12
    assert stm.fallen_tokens == 4 * len(stm.fallen)


def test_turns_popped_outside_any_hook_are_kept_too() -> None:
    stm = memory()
    for name in "abc":
        stm.append(turn(name))
    stm.turns.popleft()
    assert names(stm.fallen) == ["a"]
    assert stm.get_stats()["current_tokens"] == 8


def test_a_turn_put_back_by_hand_is_no_longer_fallen() -> None:
    stm = memory()
    for name in "ab":
        stm.append(turn(name))
    gone = stm.turns.popleft()
    assert names(stm.fallen) == ["a"]
    stm.turns.appendleft(gone)
    assert stm.fallen == ()
    assert names(stm.get_chunk_for_summarization(100)[0]) == ["a", "b"]

"""An eviction policy of your own: the longest turn leaves short-term memory first."""

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.memory.eviction import EVICTION
from context_manager.memory.short_term import ShortTermMemory


class LongestFirst(ShortTermMemory):
    """Lets go of the longest turn until the rest fits; what leaves stays in long-term memory."""

    def _evict_if_needed(self) -> None:
        while self.current_tokens > self.max_tokens:
            longest = max(self.turns, key=lambda turn: turn.token_count)
            self.turns.remove(longest)
            self.current_tokens -= longest.token_count


def main() -> None:
    EVICTION["longest-first"] = LongestFirst
    cm = ContextManager(Config(memory=MemoryConfig(stm_capacity=60, stm_eviction="longest-first")))
    cm.observe("Tea or coffee?", "Tea.")
    cm.observe("Tell me about lighthouses.", "They stand on rocks and turn their lamps. " * 5)
    cm.observe("Milk?", "Yes.")
    print([turn.user_input for turn in cm.short_term_memory.turns])
    assert [turn.user_input for turn in cm.short_term_memory.turns] == ["Tea or coffee?", "Milk?"]
    assert "lighthouses" in cm.build_context("What about lighthouses?")


if __name__ == "__main__":
    main()

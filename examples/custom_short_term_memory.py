"""Short-term memory with an eviction rule of your own: small talk leaves before decisions.

Override one hook and remove what you like from `turns`. What left is found by comparison, so it
stays verbatim in long-term memory and the next prompt can still hold it.
"""

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.memory.eviction import EVICTION
from context_manager.memory.short_term import ShortTermMemory


class DecisionsStay(ShortTermMemory):
    """Lets go of the oldest turn without a decision, and only then of decisions."""

    def _evict_if_needed(self) -> None:
        while self.current_tokens > self.max_tokens:
            loose = [turn for turn in self.turns if "decided" not in turn.text]
            leaving = (loose or self.turns)[0]
            self.turns.remove(leaving)
            self.current_tokens -= leaving.token_count


def main() -> None:
    EVICTION["decisions"] = DecisionsStay
    cm = ContextManager(Config(memory=MemoryConfig(stm_capacity=70, stm_eviction="decisions")))
    cm.observe("We decided to paint the boat green.", "Green it is.")
    cm.observe("The weather was awful today.", "Rain all day, yes.")
    cm.observe("My neighbour Odile lent me her ladder.", "Kind of her.")
    cm.observe("We decided to launch on the third of June.", "I will remind you.")
    cm.observe("I had soup for lunch.", "Sounds good.")
    cm.observe("The radio played my favourite song.", "Which one?")

    at_hand = [turn.user_input for turn in cm.short_term_memory.turns]
    print("At hand:", *at_hand, sep="\n  ")
    assert "We decided to paint the boat green." in at_hand

    context = cm.build_context("Whose ladder is it?")
    print(context)
    assert "Odile" in context


if __name__ == "__main__":
    main()

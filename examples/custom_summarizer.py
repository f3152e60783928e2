"""A summarizer with its own house style: minutes with owners, made without any language model.

`summarize_chunk` receives the turns that left short-term memory. Whatever it returns, the turns
themselves stay: a summary points at its sources.
"""

from collections.abc import Sequence

from context_manager.memory.short_term import ShortTermMemory, Turn
from context_manager.memory.summarizer import DomainSpecificSummarizer, HierarchicalSummarizer


class Minutes(HierarchicalSummarizer):
    """Lists what somebody promised; falls back to the extractive summary where nobody did."""

    def summarize_chunk(self, turns: Sequence[Turn]) -> str:
        promises = [
            message.text for turn in turns for message in turn.messages if "I will" in message.text
        ]
        if not promises:
            return super().summarize_chunk(turns)
        return "Promised:\n" + "\n".join(f"- {promise}" for promise in promises)


def main() -> None:
    memory = ShortTermMemory()
    memory.add_turn("Can you order the bricks?", "I will order two pallets on Monday.")
    memory.add_turn("The mixer is broken again.", "That is the third time this year.")
    memory.add_turn("I will call the rental shop.", "Ask them for the electric one.")
    turns = memory.get_recent_turns(3)

    minutes = Minutes()
    print(minutes.summarize_chunk(turns))
    assert "two pallets" in minutes.summarize_chunk(turns)
    print(minutes.create_summary_metadata(turns, minutes.summarize_chunk(turns)))

    built_in = DomainSpecificSummarizer(domain="business")  # with an LLM it uses its own prompts
    print("Extractive:", built_in.summarize_chunk(turns))
    assert built_in.summarize_chunk(turns)


if __name__ == "__main__":
    main()

"""A summarizer of your own: the questions that were asked, one line each."""

from collections.abc import Sequence

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.memory.short_term import Turn
from context_manager.memory.summarizer import HierarchicalSummarizer


class Questions(HierarchicalSummarizer):
    """Keeps what was asked; the answers stay searchable in the turns themselves."""

    def summarize_chunk(self, turns: Sequence[Turn]) -> str:
        asked = [turn.user_input for turn in turns if turn.user_input.endswith("?")]
        return "Asked so far:\n" + "\n".join(f"- {question}" for question in asked)


def main() -> None:
    cm = ContextManager(Config(memory=MemoryConfig(stm_capacity=40, chunk_size=20, recent_k=1)))
    cm.summarizer = Questions()
    for number in range(8):
        cm.observe(f"What is in box {number}?", f"Box {number} holds apples.")
    text = cm.build_context("And now?")
    print(text)
    assert "- What is in box 0?" in text


if __name__ == "__main__":
    main()

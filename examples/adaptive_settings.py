"""Settings that follow what prompts turn out to need.

Every setting is read anew at each call. This manager measures how much of its budget recent
prompts really used, and asks for less when much of it stays empty, for more when it runs full.
"""

from collections import deque

from context_manager import Config, Context, ContextManager, MemoryConfig

SMALLEST, LARGEST = 200, 4000


class FollowingManager(ContextManager):
    """Moves `prompt_token_budget` by a quarter of itself, after every five prompts."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self.shares: deque[float] = deque(maxlen=5)

    def ask(self, user_input: str) -> Context:
        """Build a prompt and learn from how full it became."""
        context = self.build(user_input)
        self.shares.append(context.tokens / context.budget)
        if len(self.shares) == self.shares.maxlen:
            self._follow()
        return context

    def _follow(self) -> None:
        mean = sum(self.shares) / len(self.shares)
        factor = 0.75 if mean < 0.5 else 1.25 if mean > 0.9 else 1.0
        memory = self.config.memory
        memory.prompt_token_budget = round(
            min(LARGEST, max(SMALLEST, memory.prompt_token_budget * factor))
        )
        self.shares.clear()


def main() -> None:
    cm = FollowingManager(Config(memory=MemoryConfig(prompt_token_budget=2000)))
    budgets = []
    for number in range(40):
        context = cm.ask(f"What do we know about sample {number}?")
        cm.observe(f"Sample {number} weighs {number * 3} grams.", "Recorded.")
        budgets.append(context.budget)
        assert context.tokens <= context.budget
    print("Budgets:", *dict.fromkeys(budgets))
    assert min(budgets) < 2000


if __name__ == "__main__":
    main()

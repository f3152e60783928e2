"""Where the tokens of every prompt went, written to the application's own log.

`build` returns the account of the prompt together with it, so nothing has to be measured twice.
The library configures no logging; the application does, here.
"""

import logging
import sys
from collections import Counter

from context_manager import Context, ContextManager

log = logging.getLogger("orders")


class CountingManager(ContextManager):
    """Adds up tokens by section over all prompts; logs sizes, never what was said."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens_by_section: Counter[str] = Counter()

    def ask(self, user_input: str) -> Context:
        """Build a prompt and book its slots."""
        context = self.build(user_input)
        for slot in context.slots:
            self.tokens_by_section[slot.section] += slot.tokens
        log.info(
            "prompt of %d slots, %d of %d tokens, %d near misses, covered: %s",
            len(context.slots),
            context.tokens,
            context.budget,
            len(context.near_misses),
            context.covered,
        )
        return context


def main() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(name)s: %(message)s")
    cm = CountingManager()
    cm.pin("Quote prices without tax.")
    total = 0
    for item in ("hinges", "brass screws", "oak boards", "wood glue", "hinges again"):
        total += cm.ask(f"What did the customer say about {item}?").tokens
        cm.observe(f"The customer wants a quote for {item}.", f"I added {item} to the quote.")

    for section, tokens in cm.tokens_by_section.most_common():
        print(f"{section:8} {tokens:6} tokens  {tokens / total:6.1%}")
    assert sum(cm.tokens_by_section.values()) == total


if __name__ == "__main__":
    main()

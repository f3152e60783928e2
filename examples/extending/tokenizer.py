"""A tokenizer of your own: the budget is kept in whatever it counts, here in words."""

from context_manager import ContextManager
from context_manager.tokens import TokenCounter


def words(text: str) -> int:
    """Tokens of a text; yours is the tokenizer of your model."""
    return len(text.split())


def main() -> None:
    cm = ContextManager()
    cm.token_counter = TokenCounter("words", counter=words)
    for number in range(30):
        cm.observe(f"Remember the number {number}.", "I will.")
    context = cm.build("Which numbers?", budget=40)
    print(context.tokens, "words of", context.budget)
    assert words(context.text) == context.tokens <= 40


if __name__ == "__main__":
    main()

"""Back ends that become known to context_manager by being installed; see pyproject.toml."""

from collections.abc import Sequence

from context_manager.llm.adapters import LLMAdapter


class Polite(LLMAdapter):
    """Thanks for every prompt."""

    def __init__(self, api_key: str | None = None, model: str = "polite") -> None:
        self.model = model

    def generate_sync(self, prompt: str, **kwargs: object) -> str:
        return "Thank you."

    async def generate(self, prompt: str, **kwargs: object) -> str:
        return self.generate_sync(prompt, **kwargs)


class Vowels:
    """How often each vowel occurs."""

    dimension = 5
    fingerprint = "vowels-1"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[text.lower().count(vowel) + 0.1 for vowel in "aeiou"] for text in texts]

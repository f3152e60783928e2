"""A language model of your own: two methods, one for each face, then a name."""

from context_manager import Config, ContextManager, LLMConfig
from context_manager.llm.adapters import LLMAdapter, register_llm_adapter


class Parrot(LLMAdapter):
    """Says the last line again; yours calls your endpoint."""

    def __init__(self, api_key: str | None = None, model: str = "grey") -> None:
        self.model = model

    def generate_sync(self, prompt: str, **kwargs: object) -> str:
        return prompt.splitlines()[-1]

    async def generate(self, prompt: str, **kwargs: object) -> str:
        return self.generate_sync(prompt, **kwargs)


def main() -> None:
    register_llm_adapter("parrot", Parrot)
    cm = ContextManager(Config(llm=LLMConfig(provider="parrot", model="grey")))
    answer = cm.llm_adapter.generate_sync(cm.build_context("Pretty polly!"))
    print(answer)
    assert answer == "Current user input: Pretty polly!"


if __name__ == "__main__":
    main()
